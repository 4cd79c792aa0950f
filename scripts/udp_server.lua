#!/usr/bin/env netrepl
-- A UDP server: answers each datagram.
--
-- There are no connections: a datagram comes, from anyone, whole or not at all,
-- and the answer goes to the address it came from. So one loop serves all, and
-- no fibers are needed. The port may have the number of a TCP port in use.

local opt = cli.parse {
  about = "Answers each datagram x with \"Hello, x!\".",
  flags = {
    { "host", "host", "where to listen; * is every address", default = "127.0.0.1" },
    { "port", "port", "the port, 0 for a free one", default = 9999 },
    { "quiet", "boolean", "do not log what comes", short = "q" },
  },
}

local s = socket.udp()
local ok, err = s:bind(opt.host, opt.port)
if not ok then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
print("listening on " .. tostring(s):match("%S+$"))

while true do
  local data, host, port = s:recvfrom()
  if not data then cli.fail(host) end -- after nil comes what went wrong
  if not opt.quiet then print(("%d bytes from %s port %d"):format(#data, host, port)) end
  local sent, err = s:sendto("Hello, " .. data .. "!", host, port)
  if not sent then io.stderr:write(host, " port ", port, ": ", err, "\n") end
end
