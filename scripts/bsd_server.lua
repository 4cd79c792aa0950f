#!/usr/bin/env netrepl
-- The same server as the BSD system calls have it, step for step: socket, bind,
-- listen, accept. hello_server.lua says all this with socket.serve.
--
-- It thinks for a second before each answer. As every connection has its own
-- fiber, ten clients at once are answered after one second, not after ten.
-- It speaks bare chunks: talk to it with `hello_client.lua --raw`.

local opt = cli.parse {
  about = "Greets every connection and answers each chunk after a while; ends a connection on \"exit\".",
  flags = {
    { "host", "host", "the IPv4 address to listen on", default = "127.0.0.1" },
    { "port", "port", "the port, 0 for a free one", default = 9999 },
    { "delay", "duration", "how long to think before each answer", default = "1s" },
  },
}

local function check(ok, err) return ok or cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end

-- An IPv4 socket (AF_INET) for a stream of bytes (SOCK_STREAM), that is TCP.
local s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
check(s:bind(opt.host, opt.port)) -- the port is ours from now on, and nobody else's
check(s:listen(5)) -- five may wait in line until accept takes them
print(("listening on %s:%d"):format(s:getsockname()))

local function tcplink(conn, host, port)
  print(("Accept new connection from %s:%d"):format(host, port))
  conn:send("Welcome!")
  while true do
    local data = conn:recv(1024) -- what has come, at most 1 KB; nil at the end
    sleep(opt.delay)
    if not data or data == "exit" then break end
    conn:send("Hello," .. data .. "!")
  end
  conn:close()
  print(("Connection from %s:%d closed."):format(host, port))
end

while true do
  local conn, host, port = s:accept()
  if conn then
    spawn(tcplink, conn, host, port) -- and at once back to accept
  else
    io.stderr:write("accept: ", host, "\n") -- after nil comes what went wrong
    sleep(0.1) -- if it was "too many open files", some will close
  end
end
