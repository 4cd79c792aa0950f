-- socket.serve: a fiber for each connection, errors, stop, wait.

local function eventually(cond)
  local give_up = fiber.now() + 5
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

local function echo(conn)
  for line in conn:lines() do conn:write(line, "\n") end
end

function test_handler_gets_connection_host_and_port()
  local got
  local s = assert(socket.serve("127.0.0.1", 0, function(...) got = {select("#", ...), ...} end))
  local c = assert(socket.connect(s:addr()))
  eq({c:recv()}, {nil, "closed", ""}, "closed when the handler ended")
  local host, port = c:getsockname()
  eq({got[1], got[3], got[4]}, {3, host, port})
  eq(tostring(got[2]), "tcp closed")
  eq(s:stop(), true)
end

function test_connections_do_not_wait_for_each_other()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  local conns = {}
  for i = 1, 20 do conns[i] = assert(socket.connect(s:addr())) end
  for i = 20, 1, -1 do
    conns[i]:send(i .. "\n")
    eq(conns[i]:recvline(), tostring(i))
  end
  eq(s:connections(), 20)
  for i = 1, 20 do conns[i]:close() end
  eventually(function() return s:connections() == 0 end)
  s:stop()
end

function test_address()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  local host, port = s:addr()
  eq(host, "127.0.0.1")
  eq(tostring(s), "server 127.0.0.1:" .. port)
  eq({socket.serve(host, port, echo)}, {nil, "address already in use"})
  s:stop()
  eq(tostring(s), "server stopped")
  eq({s:addr()}, {host, port})
  eq({socket.connect(host, port)}, {nil, "connection refused"})
  local again = assert(socket.serve(host .. ":" .. port, echo))
  again:stop()
  local all = assert(socket.serve("*:0", echo, {backlog = 5}))
  assert(socket.connect("::1", select(2, all:addr())))
  all:stop(0)
end

function test_options()
  local name, timeout
  local s = assert(socket.serve("127.0.0.1", 0, function(c)
    timeout = c:gettimeout()
    local data, err = c:recv()
    c:send(err)
  end, {timeout = 0.02, name = "slowpoke"}))
  local names = {}
  for _, f in ipairs(fiber.list()) do names[f:name() or ""] = true end
  eq(names.slowpoke, true)
  local c = socket.connect(s:addr())
  eq(c:recvall(), "timeout")
  eq(timeout, 0.02)
  s:stop()
end

function test_wrong_options_leave_no_listener()
  raises(function() socket.serve("127.0.0.1", 0, echo, {tiemout = 1}) end, "socket.serve: opts.tiemout: no such option")
  raises(function() socket.serve("127.0.0.1:0", echo, {backlog = -1}) end, "socket.serve: opts.backlog: integer 0..")
  raises(function() socket.listen("127.0.0.1", 0, {bakclog = 1}) end, "socket.listen: opts.bakclog: no such option")
  raises(function() socket.listen("127.0.0.1:0", {bakclog = 1}) end, "socket.listen: opts.bakclog: no such option")
  eq(#socket.list(), 0)
end

function test_errors_are_logged_with_the_peer_and_end_that_connection_only()
  local hosts = {}
  local s = assert(socket.serve("127.0.0.1", 0, function(c)
    local line = c:recvline()
    if line == "fail" then error("it failed") end
    if line == "table" then error({code = 1}) end
    c:write(line, "\n")
    echo(c)
  end))
  local good = socket.connect(s:addr())
  good:send("hello\n")
  eq(good:recvline(), "hello")
  for _, how in ipairs({"fail", "table"}) do
    local bad = socket.connect(s:addr())
    local host, port = bad:getsockname()
    expect_log(host .. ":" .. port)
    bad:send(how .. "\n")
    eq({bad:recv()}, {nil, "closed", ""})
  end
  expect_log("serve_test.lua:%d+: it failed")
  good:send("still\n")
  eq(good:recvline(), "still")
  s:stop(0)
end

function test_what_the_handler_wrote_is_sent_at_its_end()
  local s = assert(socket.serve("127.0.0.1", 0, function(c) c:write("bye") end))
  eq(socket.connect(s:addr()):recvall(), "bye")
  expect_log("oops")
  local t = assert(socket.serve("127.0.0.1", 0, function(c) c:write("bye") error("oops") end))
  eq(socket.connect(t:addr()):recvall(), "bye")
  s:stop()
  t:stop()
end

function test_a_peer_that_never_reads_does_not_keep_a_handler_that_ended()
  local path = "unix:" .. tmpdir() .. "/s"
  local function handler(c)
    local timeout = c:gettimeout()
    c:settimeout(0)
    while c:send(("x"):rep(2 ^ 20)) do end
    c:settimeout(timeout)
    c:write(("x"):rep(60000))
  end
  local s = assert(socket.serve(path .. "1", handler, {timeout = 0.05}))
  local t = assert(socket.serve(path .. "2", handler))
  local a, b = assert(socket.connect(path .. "1")), assert(socket.connect(path .. "2"))
  eventually(function() return s:connections() == 1 and t:connections() == 1 end)
  eventually(function() return s:connections() == 0 end)
  eq(s:stop(), true)
  eq(t:stop(), true)
  eq(t:wait(9), true)
  assert(a and b)
end

function test_a_handler_may_close_the_connection_itself()
  local s = assert(socket.serve("127.0.0.1", 0, function(c)
    c:write("x")
    c:close()
    c:close()
  end))
  eq(socket.connect(s:addr()):recvall(), "x")
  s:stop()
end

function test_a_handler_may_be_a_go_function()
  local s = assert(socket.serve("127.0.0.1", 0, tostring))
  eq(socket.connect(s:addr()):recvall(), "")
  s:stop()
end

function test_stop_leaves_open_connections()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  local c = socket.connect(s:addr())
  eventually(function() return s:connections() == 1 end)
  eq(s:stop(), true)
  eq({socket.connect(s:addr())}, {nil, "connection refused"})
  c:send("x\n")
  eq(c:recvline(), "x")
  eq({s:wait(0.01)}, {nil, "timeout"})
  eq({s:wait(0)}, {nil, "timeout"})
  local f = spawn(function() return s:wait() end)
  c:close()
  eq({f:join(5)}, {true, true})
  eq(s:wait(), true)
  eq(s:wait(0), true)
  eq(s:stop(), true)
  eq(s:stop(1), true)
end

function test_stop_with_grace_waits_for_handlers()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  local c = socket.connect(s:addr())
  eventually(function() return s:connections() == 1 end)
  local f = spawn(function() return s:stop(5) end)
  eventually(function() return tostring(s) == "server stopped" end)
  c:send("x\n")
  eq(c:recvline(), "x")
  c:close()
  eq({f:join(5)}, {true, true})
  eq(s:connections(), 0)
end

function test_stop_with_grace_cancels_what_does_not_end()
  local tidied = 0
  local s = assert(socket.serve("127.0.0.1", 0, function(c)
    fiber.defer(function() tidied = tidied + 1 end)
    while true do pcall(c.recv, c) end
  end))
  local conns = {}
  for i = 1, 10 do conns[i] = socket.connect(s:addr()) end
  eventually(function() return s:connections() == 10 end)
  local start = fiber.now()
  eq(s:stop(0.02), true)
  assert(fiber.now() - start < 2)
  eq(tidied, 10)
  eq(s:connections(), 0)
  for i = 1, 10 do eq({conns[i]:recv()}, {nil, "closed", ""}) end
end

function test_stop_from_a_handler()
  local s
  s = assert(socket.serve("127.0.0.1", 0, function(c)
    s:stop()
    c:send("stopped")
  end))
  eq(socket.connect(s:addr()):recvall(), "stopped")
  eq(s:wait(5), true)
  local t
  t = assert(socket.serve("127.0.0.1", 0, function(c) t:stop(0) end))
  eq(socket.connect(t:addr()):recvall(), "")
  eq(t:wait(5), true)
end

function test_stop_before_it_ran()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  eq(s:stop(), true)
  eq(s:wait(5), true)
end

function test_many_wait()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  local fs = {}
  for i = 1, 10 do fs[i] = spawn(function() return s:wait() end) end
  sleep(0)
  s:stop()
  for i = 1, 10 do eq({fs[i]:join(5)}, {true, true}) end
end

function test_connections_that_are_reset_do_not_stop_it()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  for _ = 1, 50 do
    local c = socket.connect(s:addr())
    c:setoption("linger", 0)
    c:close()
  end
  local c = socket.connect(s:addr())
  c:send("x\n")
  eq(c:recvline(), "x")
  s:stop(0)
end

function test_a_closed_server_socket_ends_the_server()
  local s = assert(socket.serve("127.0.0.1", 0, echo))
  for _, l in ipairs(socket.list()) do l:close() end
  eq(s:wait(5), true)
  eq(tostring(s), "server stopped")
end

function test_two_servers_in_one_script()
  local a = assert(socket.serve("127.0.0.1", 0, function(c) c:send("a") end))
  local b = assert(socket.serve("127.0.0.1", 0, function(c) c:send("b") end))
  eq(socket.connect(a:addr()):recvall() .. socket.connect(b:addr()):recvall(), "ab")
  a:stop()
  b:stop()
end
