#!/usr/bin/env netrepl
-- Stands between a client and a server, and counts what passes.
--
-- To the client it is the server, to the server a client. The bytes themselves
-- never reach Lua: socket.pump has the kernel copy them.

local opt = cli.parse {
  about = "Takes connections and passes them on to another address.",
  flags = {
    { "timeout", "duration", "how long connecting to the target may take", default = "10s" },
  },
  args = {
    { "listen", "string", "where to listen, host:port" },
    { "target", "string", "where to connect, host:port" },
  },
  examples = { "netrepl tcp_proxy.lua 127.0.0.1:8080 example.com:80" },
}
for _, address in ipairs { opt.listen, opt.target } do
  local port = tonumber(address:match(":(%d+)$") or "")
  if not port or port > 65535 then cli.fail(("host:port expected, got %q"):format(address), 2) end
end

local server, err = socket.serve(opt.listen, function(conn, host, port)
  local client = ("%s port %d"):format(host, port)
  local target, err = socket.connect(opt.target, nil, { timeout = opt.timeout })
  if not target then
    io.stderr:write(client, ": ", opt.target, ": ", err, "\n")
    return
  end
  -- Until both have ended; one may end sending while the other goes on.
  socket.pump(conn, target)
  local back, forth = target:getstats()
  print(("%s: %d bytes there, %d bytes back"):format(client, forth, back))
  target:close()
end)
if not server then cli.fail(opt.listen .. ": " .. err) end
print("listening on " .. tostring(server):match("%S+$"))
