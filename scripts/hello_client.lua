#!/usr/bin/env netrepl
-- A TCP client: connects, is welcomed, says some names, prints the answers.
--
-- Talks lines to hello_server.lua. With --raw it sends names without a line end
-- and takes whatever comes as the answer, as a first client in Python does.
-- That works with bsd_server.lua as long as both wait for each other; against
-- the server of lines a raw client waits for ever, because no line ever ends.

local opt = cli.parse {
  about = "Connects to a hello server, sends names and prints the answers.",
  flags = {
    { "host", "host", "where the server is", default = "127.0.0.1" },
    { "port", "port", "its port", default = 9999 },
    { "raw", "boolean", "send bare chunks instead of lines" },
    { "timeout", "duration", "how long to wait for each answer; for ever unless given" },
  },
  args = {
    { "names", "string", "whom to name", list = true, default = { "Michael", "Tracy", "Sarah" } },
  },
  examples = { "netrepl hello_client.lua Ada Grace", "netrepl hello_client.lua --raw --port 9999" },
}

local conn, err = socket.connect(opt.host, opt.port, { timeout = opt.timeout })
if not conn then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
conn:settimeout(opt.timeout)

local ending = opt.raw and "" or "\n"

-- A line, or with --raw what has come: at most 1 KB, at least one byte.
local function answer()
  local data, err
  if opt.raw then data, err = conn:recv(1024) else data, err = conn:recvline() end
  return data or cli.fail("no answer: " .. err)
end

print(answer())
for _, name in ipairs(opt.names) do
  conn:send(name .. ending)
  print(answer())
end
conn:send("exit" .. ending)
conn:close()
