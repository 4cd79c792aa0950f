-- pair answers two ends of a connection.
local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

function test_connect_listen_accept()
  local l = assert(socket.listen("127.0.0.1", 0))
  local host, port = l:getsockname()
  local a = assert(socket.connect(host, port))
  local b, peer, peerport = l:accept()
  eq(peer, "127.0.0.1")
  eq({a:getsockname()}, {peer, peerport})
  eq({a:getpeername()}, {b:getsockname()})
  eq(a:send("hello"), 5)
  eq(b:recv(), "hello")
  eq(b:send("ab", 2), 2)
  eq(a:recv(100), "b")
  a:close()
  local data, err, partial = b:recv()
  eq({data, err, partial}, {nil, "closed", ""})
  eq(tostring(a), "tcp closed")
end

function test_serve_and_pipelining()
  local s = assert(socket.serve("127.0.0.1", 0, function(c)
    c:write("Welcome!\n")
    for line in c:lines() do
      if line == "exit" then break end
      c:write("Hello, ", line, "!\n")
    end
  end))
  local c = assert(socket.connect(s:addr()))
  eq(c:recvline(), "Welcome!")
  local many = {}
  for i = 1, 1000 do many[i] = "n" .. i .. "\n" end
  c:send(many)
  for i = 1, 1000 do eq(c:recvline(), "Hello, n" .. i .. "!") end
  c:send("exit\n")
  eq({c:recvline()}, {nil, "closed", ""})
  s:stop(1)
end

function test_timeouts_and_partial()
  local a, b = pair()
  a:send("abc")
  eq({b:recvn(5, {timeout = 0.02})}, {nil, "timeout", "abc"})
  b:settimeout(0.02)
  eq({b:recvline()}, {nil, "timeout", ""})
  b:settimeout(0)
  eq({b:recv()}, {nil, "timeout", ""})
  b:settimeout(nil)
  a:send("x\n")
  eq(b:recvline(), "x")
  a:send("half")
  a:close()
  eq({b:recvline()}, {nil, "closed", "half"})
end

function test_shutdown_and_recvall()
  local a, b = pair()
  a:write("q")
  assert(a:shutdown("write"))
  eq(b:recvall(), "q")
  b:send("answer")
  b:close()
  eq(a:recvall(), "answer")
end

function test_big_data_both_ways()
  local a, b = pair()
  local data = ("0123456789abcdef"):rep(65536 * 4)
  local f = spawn(function() return b:recvn(#data, {max = #data}) end)
  eq(a:send(data), #data)
  local ok, got = f:join()
  assert(ok and got == data)
end

function test_bind_twice()
  local a = socket.tcp()
  assert(a:bind("127.0.0.1", 0))
  local host, port = a:getsockname()
  local b = socket.tcp()
  eq({b:bind(host, port)}, {nil, "address already in use"})
  assert(a:listen(5))
  eq({socket.listen(host, port)}, {nil, "address already in use"})
  assert(socket.udp():bind(host, port))
end

function test_udp()
  local a, b = socket.udp(), socket.udp()
  assert(a:bind("127.0.0.1", 0))
  local host, port = a:getsockname()
  eq(b:sendto("hi", host, port), 2)
  local d, h, p = a:recvfrom()
  eq(d, "hi")
  eq(a:sendto("yo", h, p), 2)
  eq(b:recvfrom(), "yo")
  b:sendto("", host, port)
  eq(a:recvfrom(), "")
  b:sendto(("x"):rep(60000), host, port)
  eq(#a:recvfrom(), 60000)
  eq(b:sendto({"1", "2", "3"}, host, port), 3)
  eq(a:recvfrom() .. a:recvfrom() .. a:recvfrom(), "123")
  assert(b:connect(host, port))
  eq(b:send("c"), 1)
  eq(a:recvfrom(), "c")
end

function test_close_wakes_reader()
  local a, b = pair()
  local f = spawn(function() return b:recv() end)
  sleep(0)
  b:close()
  local ok, data, err = f:join(1)
  eq({ok, data, err}, {true, nil, "closed"})
end

function test_cancel_reader_leaves_socket_usable()
  local a, b = pair()
  local f = spawn(function() return b:recv() end)
  sleep(0)
  f:cancel()
  local ok, err = f:join(1)
  eq({ok, err}, {nil, "cancelled"})
  a:send("still")
  eq(b:recv(), "still")
end

function test_pump()
  local a, b = pair()
  local c, d = pair()
  local f = spawn(function() return socket.pump(b, c) end)
  a:send("to d")
  eq(d:recv(), "to d")
  a:shutdown("write")
  eq({d:recv()}, {nil, "closed", ""})
  d:send("back")
  d:close()
  eq(a:recvall(), "back")
  eq({f:join(1)}, {true, 4, 4})
end

function test_unix()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  local a = assert(socket.connect("unix:" .. path))
  local b = assert(l:accept())
  a:send("u\n")
  eq(b:recvline(), "u")
  local d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  assert(d:bind(path .. "d"))
  local e = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
  eq(e:sendto("dg", path .. "d"), 2)
  eq(d:recvfrom(), "dg")
end

function test_bad_arguments()
  raises(function() socket.connect("x", 70000) end, "socket.connect: port: integer 0..65535 expected, got 70000")
  local a = pair()
  raises(function() a:send() end, "tcp:send: data: string expected, got nothing")
  raises(function() a.send("x") end, "use tcp:send(...) with a colon")
  raises(function() a:recvn(-1) end, "tcp:recvn: n: integer from 0 expected, got -1")
  raises(function() a:recvline({timout = 1}) end, "no such option")
end

function test_handler_error_is_logged()
  expect_log("boom")
  local s = assert(socket.serve("127.0.0.1", 0, function(c) c:recvline() error("boom") end))
  local c = socket.connect(s:addr())
  c:send("x\n")
  eq({c:recv()}, {nil, "closed", ""})
  s:stop(1)
end

function test_gettime()
  local before = os.time()
  local a, b = socket.gettime(), socket.gettime()
  assert(before <= a and a <= b and b < os.time() + 1)
end

-- Datagrams sent as a list arrive as they are, whatever their sizes.
function test_sendto_list_keeps_datagrams_apart()
  local a, b = socket.udp(), socket.udp()
  assert(a:bind("127.0.0.1", 0))
  a:settimeout(2)
  local list = {}
  for i = 1, 150 do list[i] = ("x"):rep(i % 7 == 0 and 40 or 100) .. i end
  list[151], list[152], list[153] = "", ("y"):rep(60000), ""
  eq(b:sendto(list, a:getsockname()), #list)
  for i = 1, #list do eq(a:recvfrom(), list[i]) end
end
