-- Datagrams over UDP.

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

-- bound answers a socket, its host and its port.
local function bound(host, make)
  local s = (make or socket.udp)()
  assert(s:bind(host or "127.0.0.1", 0))
  return s, s:getsockname()
end

function test_address_of_the_sender()
  local a, ahost, aport = bound()
  local b, bhost, bport = bound()
  eq(b:sendto("hi", ahost, aport), 2)
  eq({a:recvfrom()}, {"hi", bhost, bport})
  eq(b:sendto("all in one", ahost .. ":" .. aport), 10)
  eq({a:recvfrom()}, {"all in one", bhost, bport})
end

function test_empty_datagrams_are_data()
  local a, host, port = bound()
  local b = socket.udp()
  eq(b:sendto("", host, port), 0)
  eq(b:sendto({"", "x", ""}, host, port), 3)
  for _, want in ipairs({"", "", "x", ""}) do eq(a:recvfrom(), want) end
  eq({a:recvfrom(10, {timeout = 0})}, {nil, "timeout"})
end

function test_every_byte()
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  all = table.concat(all)
  local a, host, port = bound()
  socket.udp():sendto(all, host, port)
  eq(a:recvfrom(), all)
end

function test_largest_datagram()
  local a, host, port = bound()
  local b = socket.udp()
  local largest = ("x"):rep(65507)
  eq(b:sendto(largest, host, port), 65507)
  assert(a:recvfrom() == largest)
  eq({b:sendto(largest .. "x", host, port)}, {nil, "message too long"})
  local n, err, sent = b:sendto({"1", "2", largest .. "x", "3"}, host, port)
  eq({n, err}, {nil, "message too long"})
  eq(sent, 2)
  eq(a:recvfrom(), "1")
  eq(a:recvfrom(), "2")
  assert(b:connect(host, port))
  eq({b:send(largest .. "x")}, {nil, "message too long"})
end

function test_largest_datagram_over_ipv6()
  local a, host, port = bound("::1")
  eq(host, "::1")
  local largest = ("x"):rep(65507)
  eq(socket.udp():sendto(largest, host, port), 65507)
  assert(a:recvfrom() == largest)
end

function test_what_does_not_fit_is_lost()
  local a, host, port = bound()
  local b = socket.udp()
  b:sendto({"abcdef", "ghij", "kl"}, host, port)
  eq(a:recvfrom(3), "abc")
  eq(a:recvfrom(2), "gh")
  eq(a:recvfrom(100000), "kl")
end

function test_timeouts()
  local a, host, port = bound()
  local start = fiber.now()
  eq({a:recvfrom(10, {timeout = 0.02})}, {nil, "timeout"})
  assert(fiber.now() - start >= 0.019)
  a:settimeout(0.01)
  eq({a:recvfrom()}, {nil, "timeout"})
  eq({a:recv()}, {nil, "timeout"})
  a:settimeout(0)
  eq({a:recvfrom()}, {nil, "timeout"})
  a:settimeout()
  local f = waiting(function() return a:recvfrom() end)
  sleep(0.02)
  socket.udp():sendto("x", host, port)
  local ok, data = f:join(5)
  eq({ok, data}, {true, "x"})
end

function test_sending_does_not_wait()
  local a, host, port = bound()
  local b = socket.udp()
  b:settimeout(0)
  for i = 1, 10 do eq(b:sendto("x" .. i, host, port), #("x" .. i)) end
  eq(b:sendto({"a", "b"}, host, port), 2)
  eq(a:recvfrom(), "x1")
end

function test_connected()
  local a, ahost, aport = bound()
  local b, bhost, bport = bound()
  local stranger = socket.udp()
  eq(b:connect(ahost, aport), true)
  eq({b:getpeername()}, {ahost, aport})
  eq({b:getsockname()}, {bhost, bport})
  eq(tostring(b), ("udp %s:%d -> %s:%d"):format(bhost, bport, ahost, aport))
  eq(b:send("to the peer"), 11)
  eq({a:recvfrom()}, {"to the peer", bhost, bport})
  stranger:sendto("not for you", bhost, bport)
  a:sendto("answer", bhost, bport)
  eq(b:recv(), "answer")
  eq({b:recv(1, {timeout = 0.02})}, {nil, "timeout"})
  eq(b:connect("*"), true)
  eq({b:getpeername()}, {nil, "transport endpoint is not connected"})
  eq({b:getsockname()}, {bhost, bport})
  stranger:sendto("now for you", bhost, bport)
  eq(b:recv(), "now for you")
  eq({b:send("x")}, {nil, "transport endpoint is not connected"})
  eq(b:connect("*"), true)
end

function test_connecting_keeps_options_and_what_it_is_bound_to()
  local b = socket.udp()
  assert(b:setoption("broadcast", true))
  assert(b:bind("*", 0))
  local _, port = b:getsockname()
  local a, host, aport = bound()
  assert(b:connect(host, aport))
  eq(b:getoption("broadcast"), true)
  eq(select(2, b:getsockname()), port)
  assert(b:connect("*"))
  eq({b:getsockname()}, {"::", port})
  eq(b:getoption("broadcast"), true)
  local c, chost, cport = bound()
  assert(b:connect(chost, cport))
  eq(b:send("changed"), 7)
  local data, _, from = c:recvfrom()
  eq({data, from}, {"changed", port})
end

function test_connect_without_bind()
  local a, host, port = bound()
  local b = socket.udp()
  assert(b:connect(host, port))
  local own, ownport = b:getsockname()
  eq(own, "127.0.0.1")
  b:send("x")
  eq({a:recvfrom()}, {"x", own, ownport})
  a:sendto("y", own, ownport)
  eq(b:recvfrom(), "y")
  assert(b:connect("*"))
  eq(select(2, b:getsockname()), ownport)
  socket.udp():sendto("z", "127.0.0.1", ownport)
  eq(b:recvfrom(), "z")
end

function test_refused()
  local a, host, port = bound()
  a:close()
  local b = socket.udp()
  assert(b:connect(host, port))
  eq(b:send("x"), 1)
  eq({b:recv(1, {timeout = 5})}, {nil, "connection refused"})
  b:settimeout(0.01)
  eq({b:recv(1)}, {nil, "timeout"})
end

function test_dial()
  local a, host, port = bound()
  local b = assert(socket.dial("udp://" .. host .. ":" .. port))
  b:send("x")
  eq(a:recvfrom(), "x")
  local c = assert(socket.dial("udp4://localhost:" .. port))
  c:send("y")
  eq(a:recvfrom(), "y")
end

function test_list()
  local a, host, port = bound()
  assert(a:setoption("rcvbuf", 2 ^ 20))
  local b = socket.udp()
  local list = {}
  for i = 1, 100 do list[i] = ("%d"):format(i):rep(i % 7 + 1) end
  eq(b:sendto(list, host, port), 100)
  for i = 1, 100 do eq(a:recvfrom(), list[i]) end
  eq(b:sendto({}, host, port), 0)
  eq(b:sendto({1, 2.5}, host, port), 2)
  eq(a:recvfrom() .. a:recvfrom(), "12.5")
  local _, sent = b:getstats()
  local total = 4
  for _, s in ipairs(list) do total = total + #s end
  eq(sent, total)
  raises(function() b:sendto({"x", true}, host, port) end, "udp:sendto: data: table of strings expected, got a table with true at 2")
end

function test_list_of_equal_and_unequal_sizes()
  local a, host, port = bound()
  assert(a:setoption("rcvbuf", 2 ^ 22))
  local b = socket.udp()
  for _, sizes in ipairs({{100, 100, 100}, {100, 100, 50}, {50, 100, 100}, {1400, 1400, 1400, 1}, {0, 10, 10}, {10, 0, 10}, {9000, 9000, 9000}, {60000, 60000}, {1}}) do
    local list = {}
    for i, n in ipairs(sizes) do list[i] = string.char(64 + i):rep(n) end
    eq(b:sendto(list, host, port), #list)
    for i = 1, #list do
      local got = a:recvfrom()
      assert(got == list[i], ("datagram %d of %d bytes came with %d"):format(i, #list[i], #got))
    end
  end
end

function test_list_to_both_families_from_one_socket()
  local s = socket.udp()
  assert(s:bind("*", 0))
  local a, ahost, aport = bound("127.0.0.1")
  local b, bhost, bport = bound("::1")
  eq(s:sendto({"1", "2"}, ahost, aport), 2)
  eq(s:sendto({"3", "4"}, bhost, bport), 2)
  eq(s:sendto("5", ahost, aport), 1)
  eq(s:sendto("6", bhost, bport), 1)
  local _, port = s:getsockname()
  eq({a:recvfrom()}, {"1", "127.0.0.1", port})
  eq({b:recvfrom()}, {"3", "::1", port})
  eq(a:recvfrom() .. a:recvfrom(), "25")
  eq(b:recvfrom() .. b:recvfrom(), "46")
end

function test_list_over_a_connected_socket()
  local a, host, port = bound()
  local b = socket.udp()
  assert(b:connect(host, port))
  eq(b:sendto({"1", "2"}, host, port), 2)
  eq(a:recvfrom() .. a:recvfrom(), "12")
end

function test_both_families_receive_on_every_address()
  local s = socket.udp()
  assert(s:bind("*", 0))
  local host, port = s:getsockname()
  eq(host, "::")
  eq(tostring(s), "udp [::]:" .. port)
  socket.udp():sendto("4", "127.0.0.1", port)
  local data, from = s:recvfrom()
  eq({data, from}, {"4", "127.0.0.1"})
  socket.udp():sendto("6", "::1", port)
  data, from = s:recvfrom()
  eq({data, from}, {"6", "::1"})
end

function test_families()
  local four, six = socket.udp4(), socket.udp6()
  local a, ahost, aport = bound("127.0.0.1")
  local b, bhost, bport = bound("::1")
  eq(four:sendto("x", ahost, aport), 1)
  eq({four:sendto("x", bhost, bport)}, {nil, "address family not supported by protocol"})
  eq(six:sendto("x", bhost, bport), 1)
  eq({six:sendto("x", ahost, aport)}, {nil, "address family not supported by protocol"})
  eq({socket.udp4():bind("::1", 0)}, {nil, "address family not supported by protocol"})
  eq({socket.udp6():bind("127.0.0.1", 0)}, {nil, "address family not supported by protocol"})
  eq({socket.udp6():connect(ahost, aport)}, {nil, "address family not supported by protocol"})
  local any = socket.udp6()
  assert(any:bind("*", 0))
  local _, port = any:getsockname()
  assert(socket.udp4():bind("0.0.0.0", port), "udp6 must leave IPv4 alone")
  eq(six:sendto("x", "localhost", port) or 1, 1)
end

function test_names()
  local a, host, port = bound("127.0.0.1")
  eq(socket.udp4():sendto("x", "localhost", port), 1)
  eq(a:recvfrom(), "x")
  local b = socket.udp()
  assert(b:connect("localhost", port))
  local c, chost, cport = bound("::1", socket.udp6)
  local six = socket.udp6()
  local n, err = six:sendto("x", "localhost", cport)
  if err == "host not found" then skip("localhost has no IPv6 address here") end
  eq(c:recvfrom(), "x")
end

function test_a_name_takes_the_family_of_the_open_socket()
  local six, host, port = bound("::1")
  local from = socket.udp()
  assert(from:bind("::1", 0))
  local n, err = from:sendto("x", "localhost", port)
  if not n then
    if not socket.udp6():sendto("x", "localhost", port) then skip("localhost has no IPv6 address here") end
  end
  eq({n, err}, {1})
  eq(six:recvfrom(), "x")
end

function test_sockets_that_cannot()
  local fresh = socket.udp()
  eq({fresh:recvfrom()}, {nil, "transport endpoint is not connected"})
  eq({fresh:recv()}, {nil, "transport endpoint is not connected"})
  eq({fresh:send("x")}, {nil, "transport endpoint is not connected"})
  eq({fresh:getsockname()}, {nil, "not bound"})
  eq({fresh:getpeername()}, {nil, "transport endpoint is not connected"})
  eq(fresh:close(), true)
  eq({fresh:recvfrom()}, {nil, "closed"})
  eq({fresh:sendto("x", "127.0.0.1", 1)}, {nil, "closed"})
  eq({fresh:connect("127.0.0.1", 1)}, {nil, "closed"})
  eq({fresh:bind("127.0.0.1", 1)}, {nil, "closed"})
  eq(tostring(fresh), "udp closed")
  local a = bound()
  eq({a:bind("127.0.0.1", 0)}, {nil, "invalid argument"})
  eq({a:sendto("x", "127.0.0.1", 0)}, {nil, "invalid argument"})
end

function test_close_ends_what_waits()
  local a = bound()
  local fs = {}
  for i = 1, 5 do fs[i] = waiting(function() return a:recvfrom() end) end
  a:close()
  for i = 1, 5 do eq({fs[i]:join(5)}, {true, nil, "closed"}) end
end

function test_receivers_take_turns()
  local a, host, port = bound()
  local fs = {}
  for i = 1, 10 do fs[i] = spawn(function() return (a:recvfrom()) end) end
  eventually(function() return fs[10]:status() == "waiting" end)
  local b = socket.udp()
  for i = 1, 10 do b:sendto("n" .. i, host, port) end
  for i = 1, 10 do eq({fs[i]:join(5)}, {true, "n" .. i}) end
end

function test_one_receives_while_another_sends()
  local a, ahost, aport = bound()
  local b, bhost, bport = bound()
  local f = spawn(function()
    for i = 1, 200 do
      local data, host, port = a:recvfrom()
      a:sendto(data, host, port)
    end
  end)
  for i = 1, 200 do
    b:sendto("m" .. i, ahost, aport)
    eq(b:recvfrom(), "m" .. i)
  end
  f:join()
end

function test_stats()
  local a, host, port = bound()
  local b = socket.udp()
  b:sendto("12345", host, port)
  b:sendto("678", host, port)
  a:recvfrom()
  a:recvfrom(2)
  local received, sent, age = a:getstats()
  eq({received, sent}, {7, 0})
  assert(age >= 0 and age < 60)
  local _, sent = b:getstats()
  eq(sent, 8)
end

function test_nothing_that_came_is_lost_by_a_cancel()
  local a, host, port = bound()
  local f = waiting(function() return a:recvfrom() end)
  f:cancel()
  f:join(5)
  socket.udp():sendto("x", host, port)
  eq(a:recvfrom(), "x")
end

function test_multicast()
  local a = socket.udp4()
  assert(a:setoption("reuseaddr"))
  local ok, err = a:bind("0.0.0.0", 0)
  assert(ok, err)
  local _, port = a:getsockname()
  local ok, err = a:setoption("ip-add-membership", {multiaddr = "239.255.77.1", interface = "127.0.0.1"})
  if not ok then skip("no multicast on loopback here: " .. err) end
  local b = socket.udp4()
  assert(b:bind("127.0.0.1", 0))
  assert(b:setoption("ip-multicast-if", "127.0.0.1"))
  eq(b:getoption("ip-multicast-if"), "127.0.0.1")
  assert(b:setoption("ip-multicast-loop", true))
  assert(b:setoption("ip-multicast-ttl", 1))
  local n, err = b:sendto("to all", "239.255.77.1", port)
  if not n then skip("no multicast on loopback here: " .. err) end
  local data, err = a:recvfrom(100, {timeout = 1})
  if err == "timeout" then skip("multicast on loopback does not arrive here") end
  eq(data, "to all")
  assert(a:setoption("ip-drop-membership", {multiaddr = "239.255.77.1", interface = "127.0.0.1"}))
  b:sendto("to nobody", "239.255.77.1", port)
  eq({a:recvfrom(100, {timeout = 0.05})}, {nil, "timeout"})
  eq({a:setoption("ip-drop-membership", {multiaddr = "239.255.77.1", interface = "127.0.0.1"})}, {nil, "cannot assign requested address"})
end

function test_multicast_over_ipv6()
  local a = socket.udp6()
  assert(a:bind("*", 0))
  local _, port = a:getsockname()
  local ok, err = a:setoption("ip-add-membership", {multiaddr = "ff01::77", interface = "lo"})
  if not ok then skip("no IPv6 multicast on loopback here: " .. err) end
  local b = socket.udp6()
  assert(b:bind("::1", 0))
  assert(b:setoption("ip-multicast-if", "lo"))
  eq(b:getoption("ip-multicast-if"), "lo")
  local n, err = b:sendto("to all", "ff01::77", port)
  if not n then skip("no IPv6 multicast on loopback here: " .. err) end
  local data, err = a:recvfrom(100, {timeout = 1})
  if err == "timeout" then skip("IPv6 multicast on loopback does not arrive here") end
  eq(data, "to all")
end

function test_broadcast()
  local a, host, port = bound("0.0.0.0", socket.udp4)
  local b = socket.udp4()
  assert(b:setoption("broadcast", true))
  eq(b:getoption("broadcast"), true)
  local n, err = b:sendto("to all", "127.255.255.255", port)
  if not n then skip("no broadcast on loopback here: " .. err) end
  local data, err = a:recvfrom(100, {timeout = 1})
  if err == "timeout" then skip("broadcast on loopback does not arrive here") end
  eq(data, "to all")
end

function test_unreferenced_sockets_are_closed()
  local ports = {}
  for i = 1, 10 do ports[i] = select(2, socket.udp():bind("127.0.0.1", 0)) end
  local before = #socket.list()
  local s = bound()
  eq(#socket.list() >= 1, true)
  s = nil
  eventually(function()
    collectgarbage()
    return #socket.list() == 0
  end)
end
