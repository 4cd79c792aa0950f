#!/usr/bin/env netrepl
-- A TCP server that greets everyone and answers line by line.
--
-- A server must serve many clients at once. Here each connection gets a fiber
-- of its own: it reads as if it were alone, and while it waits for its client
-- the others run. Talk to it with hello_client.lua, or with `nc 127.0.0.1 9999`.

local opt = cli.parse {
  about = "Greets every connection and answers each line x with \"Hello, x!\"; ends a connection on \"exit\".",
  flags = {
    -- 127.0.0.1 is for this machine alone, 0.0.0.0 for every interface it has,
    -- * for every IPv6 address too.
    { "host", "host", "where to listen; * is every address", default = "127.0.0.1" },
    { "port", "port", "the port, 0 for a free one", default = 9999 },
    { "quiet", "boolean", "do not log who comes and goes", short = "q" },
  },
  examples = { "netrepl hello_server.lua --host '*' --port 9999" },
}

local function log(host, port, what)
  if not opt.quiet then print(("%s port %d %s"):format(host, port, what)) end
end

local function greet(conn, host, port)
  log(host, port, "came")
  -- TCP carries bytes, not messages: a client may send half a line, or three
  -- at once. A protocol says where a message ends, and here that is "\n".
  conn:write("Welcome!\n")
  for line in conn:lines() do
    if line == "exit" then break end
    -- What is written leaves when this fiber waits next. The answers to lines
    -- that came together therefore leave together, in one packet.
    conn:write("Hello, ", line, "!\n")
  end
  log(host, port, "left")
end -- the connection is closed here

local server, err = socket.serve(opt.host, opt.port, greet)
-- A port that somebody else holds is "address already in use"; one below 1024
-- may be "permission denied".
if not server then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
print("listening on " .. tostring(server):match("%S+$"))
