-- Addresses: bind, listen, accept, connect, dial, names.

local function eventually(cond)
  local give_up = fiber.now() + 5
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

local function waiting(fn, ...)
  local f = spawn(fn, ...)
  eventually(function() return f:status() == "waiting" end)
  return f
end

local function bound(host)
  local s = socket.tcp()
  assert(s:bind(host, 0))
  return s, s:getsockname()
end

function test_a_port_is_refused_at_bind()
  for _, host in ipairs({"127.0.0.1", "0.0.0.0", "::1", "*"}) do
    local a, h, port = bound(host)
    eq({socket.tcp():bind(host, port)}, {nil, "address already in use"}, host .. " bound")
    eq({socket.listen(host, port)}, {nil, "address already in use"}, host .. " bound")
    assert(a:listen(5))
    eq({socket.tcp():bind(host, port)}, {nil, "address already in use"}, host .. " listening")
    eq({socket.listen(host, port)}, {nil, "address already in use"}, host .. " listening")
    a:close()
    assert(socket.tcp():bind(host, port), host)
  end
end

function test_a_port_is_refused_on_overlapping_addresses()
  local a, _, port = bound("127.0.0.1")
  eq({socket.tcp():bind("0.0.0.0", port)}, {nil, "address already in use"})
  eq({socket.tcp():bind("*", port)}, {nil, "address already in use"})
  a:close()
  local b, _, port = bound("*")
  b:listen()
  eq({socket.tcp():bind("127.0.0.1", port)}, {nil, "address already in use"})
  eq({socket.tcp():bind("::1", port)}, {nil, "address already in use"})
end

function test_other_addresses_of_one_port()
  local a, _, port = bound("127.0.0.1")
  local ok, err = socket.tcp():bind("127.0.0.2", port)
  if err == "cannot assign requested address" then skip("127.0.0.2 is no address here") end
  assert(ok, err)
  assert(socket.tcp():bind("::1", port))
end

function test_tcp_and_udp_may_share_a_number()
  local a, host, port = bound("127.0.0.1")
  assert(a:listen())
  local u = socket.udp()
  assert(u:bind(host, port))
  eq({socket.udp():bind(host, port)}, {nil, "address already in use"})
  u:sendto("datagram", host, port)
  eq(u:recvfrom(), "datagram")
end

function test_getsockname_right_after_bind()
  for _, host in ipairs({"127.0.0.1", "0.0.0.0", "::1"}) do
    local s, h, port = bound(host)
    eq(h, host)
    assert(port > 0)
    assert(s:listen())
    eq({s:getsockname()}, {h, port})
  end
  eq(select(2, bound("*")), "::")
  eq(select(2, bound("")), "::")
  eq(select(2, bound("[::1]")), "::1")
  local s = socket.tcp()
  eq({s:getsockname()}, {nil, "not bound"})
  assert(s:bind("127.0.0.1:0"))
  eq((s:getsockname()), "127.0.0.1")
end

function test_every_address_takes_both_families()
  local l = assert(socket.listen("*", 0))
  local _, port = l:getsockname()
  for _, host in ipairs({"127.0.0.1", "::1"}) do
    local a = assert(socket.connect(host, port))
    local b, peer = l:accept()
    eq(peer, host)
    eq({b:getsockname()}, {host, port})
    eq({a:getpeername()}, {host, port})
  end
  l = assert(socket.listen("*", 0, {family = "4"}))
  eq((l:getsockname()), "0.0.0.0")
  eq({socket.connect("::1", select(2, l:getsockname()))}, {nil, "connection refused"})
  l = assert(socket.listen("127.0.0.1", 0))
  eq({socket.connect("::1", select(2, l:getsockname()))}, {nil, "connection refused"})
end

function test_restart_over_time_wait()
  local l, host, port = bound("127.0.0.1")
  assert(l:listen())
  for round = 1, 3 do
    local a = assert(socket.connect(host, port))
    local b = assert(l:accept())
    b:close() -- the server's end goes first: it keeps the port for a minute
    eq({a:recv()}, {nil, "closed", ""})
    a:close()
    l:close()
    l = socket.tcp()
    assert(l:bind(host, port))
    eq({socket.tcp():bind(host, port)}, {nil, "address already in use"}, "before listen")
    assert(l:listen())
    eq({socket.tcp():bind(host, port)}, {nil, "address already in use"}, "after listen")
  end
end

function test_restart_with_a_connection_that_is_still_open()
  local l, host, port = bound("127.0.0.1")
  assert(l:listen())
  local a = assert(socket.connect(host, port))
  local b = assert(l:accept())
  l:close()
  l = assert(socket.listen(host, port))
  b:send("the old one lives")
  eq(a:recv(), "the old one lives")
  local c = assert(socket.connect(host, port))
  assert(l:accept())
end

function test_states()
  local s = socket.tcp()
  eq({s:accept()}, {nil, "invalid argument"})
  assert(s:bind("127.0.0.1", 0))
  eq({s:bind("127.0.0.1", 0)}, {nil, "invalid argument"})
  eq({s:accept()}, {nil, "invalid argument"})
  assert(s:listen())
  eq({s:listen()}, {nil, "invalid argument"})
  eq({s:bind("127.0.0.1", 0)}, {nil, "invalid argument"})
  eq({s:connect("127.0.0.1", 1)}, {nil, "transport endpoint is already connected"})
  eq({s:getpeername()}, {nil, "transport endpoint is not connected"})
  local a = assert(socket.connect(s:getsockname()))
  local b = assert(s:accept())
  for _, c in ipairs({a, b}) do
    eq({c:connect("127.0.0.1", 1)}, {nil, "transport endpoint is already connected"})
    eq({c:bind("127.0.0.1", 0)}, {nil, "invalid argument"})
    eq({c:listen()}, {nil, "invalid argument"})
    eq({c:accept()}, {nil, "invalid argument"})
  end
  a:send("still fine")
  eq(b:recv(), "still fine")
  local free = socket.tcp()
  assert(free:listen())
  eq((free:getsockname()), "::")
end

function test_connect_from_a_bound_address()
  local l = assert(socket.listen("127.0.0.1", 0))
  local s, host, port = bound("127.0.0.1")
  assert(s:connect(l:getsockname()))
  local b, peer, peerport = l:accept()
  eq({peer, peerport}, {host, port})
  eq({s:getsockname()}, {host, port})
  local c = assert(socket.connect("127.0.0.1", select(2, l:getsockname()), {localaddr = "127.0.0.1"}))
  local _, p = l:accept()
  eq(p, "127.0.0.1")
  local free, _, freeport = bound("127.0.0.1")
  free:close()
  local d = assert(socket.connect("127.0.0.1", select(2, l:getsockname()), {localaddr = "127.0.0.1", localport = freeport}))
  eq({d:getsockname()}, {"127.0.0.1", freeport})
end

function test_a_failed_connect_leaves_the_socket_as_it_was()
  local gone, host, port = bound("127.0.0.1")
  gone:close()
  local s, own, ownport = bound("127.0.0.1")
  eq({s:connect(host, port)}, {nil, "connection refused"})
  eq({s:getsockname()}, {own, ownport})
  eq({socket.tcp():bind(own, ownport)}, {nil, "address already in use"})
  local l = assert(socket.listen("127.0.0.1", 0))
  assert(s:connect(l:getsockname()))
  local _, _, peerport = l:accept()
  eq(peerport, ownport)
  local fresh = socket.tcp()
  eq({fresh:connect(host, port)}, {nil, "connection refused"})
  eq(tostring(fresh), "tcp unbound")
  assert(fresh:connect(l:getsockname()))
end

function test_refused()
  local gone, host, port = bound("127.0.0.1")
  gone:close()
  eq({socket.connect(host, port)}, {nil, "connection refused"})
  eq({socket.connect(host .. ":" .. port)}, {nil, "connection refused"})
  eq({socket.dial("tcp://" .. host .. ":" .. port)}, {nil, "connection refused"})
  local held = bound("127.0.0.1")
  eq({socket.connect(held:getsockname())}, {nil, "connection refused"}, "bound and not listening")
  eq({socket.tcp():bind("192.0.2.1", 0)}, {nil, "cannot assign requested address"})
  eq({socket.udp():bind("192.0.2.1", 0)}, {nil, "cannot assign requested address"})
end

function test_connect_twice_at_once()
  local l = assert(socket.listen("127.0.0.1", 0))
  local s = socket.tcp()
  local results = {}
  local fs = {}
  for i = 1, 4 do fs[i] = spawn(function() results[i] = {s:connect(l:getsockname())} end) end
  for i = 1, 4 do fs[i]:join(5) end
  eq(results[1], {true})
  for i = 2, 4 do
    local err = results[i][2]
    assert(err == "operation already in progress" or err == "transport endpoint is already connected", err)
  end
  assert(l:accept())
  l:settimeout(0)
  eq({l:accept()}, {nil, "timeout"}, "only one connection came")
end

function test_backlog()
  local l = socket.tcp()
  assert(l:bind("127.0.0.1", 0))
  assert(l:listen(0))
  local host, port = l:getsockname()
  local conns = {}
  local full
  for i = 1, 10 do
    local c, err = socket.connect(host, port, {timeout = 0.1})
    if not c then
      eq(err, "timeout")
      full = i
      break
    end
    conns[i] = c
  end
  if not full then skip("the system does not hold back connections beyond the backlog") end
  assert(full <= 3, full)
  l:accept()
end

function test_accept()
  local l = assert(socket.listen("127.0.0.1", 0))
  l:settimeout(0)
  eq({l:accept()}, {nil, "timeout"})
  l:settimeout(0.02)
  local start = fiber.now()
  eq({l:accept()}, {nil, "timeout"})
  assert(fiber.now() - start >= 0.019)
  local a = assert(socket.connect(l:getsockname()))
  local b, host, port = l:accept()
  eq({host, port}, {a:getsockname()})
  eq(b:gettimeout(), nil)
  l:settimeout(0)
  a = assert(socket.connect(l:getsockname()))
  eventually(function() b = l:accept() return b end)
  l:settimeout()
  local f = waiting(function() return l:accept() end)
  sleep(0.03)
  socket.connect(l:getsockname())
  local ok, c = f:join(5)
  assert(c, "an old deadline ended it")
end

function test_accepting_fibers_take_turns()
  local l = assert(socket.listen("127.0.0.1", 0))
  local fs = {}
  for i = 1, 5 do fs[i] = waiting(function() return (l:accept()) end) end
  fs[1]:cancel()
  eq(select(2, fs[1]:join(5)), "cancelled")
  fs[3]:cancel()
  eq(select(2, fs[3]:join(5)), "cancelled")
  l:settimeout(0.02)
  eq({l:accept()}, {nil, "timeout"}, "while others wait for their turn")
  for _, i in ipairs({2, 4, 5}) do
    local a = assert(socket.connect(l:getsockname()))
    local ok, b = fs[i]:join(5)
    eq({b:getpeername()}, {a:getsockname()})
  end
end

function test_close_ends_accept()
  local l = assert(socket.listen("127.0.0.1", 0))
  local fs = {}
  for i = 1, 5 do fs[i] = waiting(function() return l:accept() end) end
  l:close()
  for i = 1, 5 do eq({fs[i]:join(5)}, {true, nil, "closed"}) end
end

-- written addresses

function test_ways_to_write_an_address()
  local l4 = assert(socket.listen("127.0.0.1:0"))
  local _, port = l4:getsockname()
  for _, target in ipairs({{"127.0.0.1", port}, {"127.0.0.1:" .. port}, {"127.0.0.1", tostring(port)}, {"localhost", port}, {"localhost:" .. port}, {"", port}, {":" .. port}, {"*", port}, {"[::ffff:127.0.0.1]:" .. port}}) do
    local c, err = socket.connect(target[1], target[2])
    assert(c, target[1] .. ": " .. tostring(err))
    eq({c:getpeername()}, {"127.0.0.1", port})
    l4:accept()
  end
  local l6 = assert(socket.listen("[::1]:0"))
  _, port = l6:getsockname()
  for _, target in ipairs({{"::1", port}, {"[::1]", port}, {"[::1]:" .. port}, {"0:0:0:0:0:0:0:1", port}}) do
    local c, err = socket.connect(target[1], target[2])
    assert(c, target[1] .. ": " .. tostring(err))
    eq({c:getpeername()}, {"::1", port})
    l6:accept()
  end
  local c = assert(socket.connect("[::1]:" .. port, {timeout = 5, family = "6"}))
  local c = assert(socket.connect("[::1]:" .. port, nil, {timeout = 5}))
end

function test_zones()
  local s = socket.tcp6()
  local ok, err = s:bind("fe80::1%nosuchif", 0)
  eq(ok, nil)
  assert(err == "invalid argument" or err == "no such device" or err == "cannot assign requested address", err)
end

function test_dial()
  local l = assert(socket.listen("127.0.0.1", 0))
  local _, port = l:getsockname()
  for _, url in ipairs({"tcp://127.0.0.1:%d", "tcp://127.0.0.1:%d/", "tcp4://127.0.0.1:%d", "tcp://localhost:%d", "tcp4://localhost:%d", "tcp://:%d"}) do
    local c, err = socket.dial(url:format(port))
    assert(c, url .. ": " .. tostring(err))
    l:accept()
  end
  local l6 = assert(socket.listen("::1", 0))
  _, port = l6:getsockname()
  for _, url in ipairs({"tcp://[::1]:%d", "tcp6://[::1]:%d"}) do
    assert(socket.dial(url:format(port)))
    l6:accept()
  end
  eq({socket.dial("tcp4://[::1]:" .. port)}, {nil, "address family not supported by protocol"})
  for _, url in ipairs({"", "127.0.0.1:80", "tcp://", "tcp://host", "tcp://host:port", "tcp://host:70000", "tcp://host:80/path", "ftp://host:80", "unix://", "tcp:/host:80", "tcp://[::1", "tcp5://host:80", "6://x:1"}) do
    raises(function() socket.dial(url) end, "socket.dial: url: ")
  end
end
