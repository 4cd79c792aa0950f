#!/usr/bin/env netrepl
-- Sends a file in three steps, each of which the other side must approve.
--
-- A protocol is what two programs have agreed on. Here:
--
--   1.  NAME <length>\n and the name          ->  OK\n  or  ERR <why>\n
--   2.  SIZE <bytes>\n                        ->  OK\n  or  ERR <why>\n
--   3.  the bytes, then SHA256 <64 digits>\n  ->  OK\n  or  ERR <why>\n
--
-- Name and content come after their length, so they may hold any byte. The
-- hash at the end tells whether all of it came as it was.

local opt = cli.parse {
  about = "Sends a file to file_recv.lua.",
  flags = {
    { "host", "host", "where the receiver is", default = "127.0.0.1" },
    { "port", "port", "its port", default = 9999 },
    { "name", "string", "the name to send it under; the file's own unless given" },
    { "timeout", "duration", "how long the other side may be silent", default = "30s" },
  },
  args = { { "file", "string", "what to send" } },
  examples = { "netrepl file_send.lua --host 192.168.1.20 cat.jpg" },
}

local function check(ok, err) return ok or cli.fail(err) end

local file = check(io.open(opt.file, "rb"))
local size = check(file:seek("end"))
check(file:seek("set"))
local name = opt.name or opt.file:match("[^/\\]*$")

local conn, err = socket.connect(opt.host, opt.port, { timeout = opt.timeout })
if not conn then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
conn:settimeout(opt.timeout)

-- What was written leaves when we wait, here for the answer.
local function approved()
  local answer, err = conn:recvline()
  if answer ~= "OK" then
    local why = (answer or err):gsub("^ERR ", "")
    cli.fail(("%s was not taken: %s"):format(name, why))
  end
end

conn:write("NAME ", #name, "\n", name)
approved()

conn:write("SIZE ", ("%d"):format(size), "\n")
approved()

local hash, left = bytes.hash("sha256"), size
while left > 0 do
  local data, err = file:read(math.min(left, 65536))
  if not data then cli.fail(opt.file .. ": " .. (err or "became shorter meanwhile")) end
  hash:update(data)
  left = left - #data
  if not conn:send(data) then break end -- the answer may say why
end
conn:write("SHA256 ", hash:hex(), "\n")
approved()
print(("sent %s, %d bytes"):format(name, size))
