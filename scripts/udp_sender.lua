#!/usr/bin/env netrepl
-- A UDP client: sends names as datagrams, prints the answers.
--
-- It never connects: each datagram carries its destination. Any of them may be
-- lost on the way, and nobody tells. Who waits for an answer needs a timeout.

local opt = cli.parse {
  about = "Sends names as datagrams and prints the answers.",
  flags = {
    { "host", "host", "where to send", default = "127.0.0.1" },
    { "port", "port", "the port", default = 9999 },
    { "timeout", "duration", "how long to wait for each answer", default = "5s" },
  },
  args = {
    { "names", "string", "whom to name", list = true, default = { "Michael", "Tracy", "Sarah" } },
  },
  examples = { "netrepl udp_sender.lua --timeout 500ms Ada Grace" },
}

local s = socket.udp()
s:settimeout(opt.timeout)
for _, name in ipairs(opt.names) do
  local sent, err = s:sendto(name, opt.host, opt.port)
  if not sent then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
  local data, err = s:recvfrom(1024)
  if not data then cli.fail("no answer: " .. err) end
  print(data)
end
s:close()
