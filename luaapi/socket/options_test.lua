-- Options, timeouts, descriptors, numbers and what sockets look like.

local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

local function eventually(cond)
  local give_up = fiber.now() + 5
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

local flags = {
  tcp = {"reuseaddr", "reuseport", "keepalive", "tcp-nodelay", "broadcast"},
  udp = {"reuseaddr", "reuseport", "broadcast", "ip-multicast-loop"},
}

function test_flags()
  local a = pair()
  local u = socket.udp4()
  assert(u:bind("127.0.0.1", 0))
  for kind, names in pairs(flags) do
    local s = kind == "tcp" and a or u
    for _, name in ipairs(names) do
      eq({s:setoption(name, true)}, {true}, name)
      eq({s:getoption(name)}, {true}, name)
      eq({s:setoption(name, false)}, {true}, name)
      eq({s:getoption(name)}, {false}, name)
      eq({s:setoption(name)}, {true}, name)
      eq({s:getoption(name)}, {true}, name)
    end
  end
end

function test_nodelay_is_on_unless_told()
  local a, b = pair()
  eq({a:getoption("tcp-nodelay"), b:getoption("tcp-nodelay")}, {true, true})
end

function test_numbers()
  local a = pair()
  for _, name in ipairs({"rcvbuf", "sndbuf"}) do
    eq(a:setoption(name, 20000), true, name)
    local n = a:getoption(name)
    assert(n >= 20000 and n <= 80000, name .. " " .. n) -- the system may double it
  end
  local u = socket.udp4()
  assert(u:bind("127.0.0.1", 0))
  eq(u:setoption("ip-multicast-ttl", 7), true)
  eq(u:getoption("ip-multicast-ttl"), 7)
  eq({u:setoption("ip-multicast-ttl", 300)}, {nil, "invalid argument"})
  local six = socket.udp6()
  assert(six:bind("::1", 0))
  eq(six:setoption("ip-multicast-ttl", 9), true)
  eq(six:getoption("ip-multicast-ttl"), 9)
  eq(six:setoption("ip-multicast-loop", false), true)
  eq(six:getoption("ip-multicast-loop"), false)
end

function test_linger()
  local a = pair()
  eq(a:getoption("linger"), {on = false, timeout = 0})
  eq(a:setoption("linger", {on = true, timeout = 3}), true)
  eq(a:getoption("linger"), {on = true, timeout = 3})
  eq(a:setoption("linger", false), true)
  eq(a:getoption("linger").on, false)
  eq(a:setoption("linger", 0), true)
  eq(a:getoption("linger"), {on = true, timeout = 0})
  eq(a:setoption("linger", {timeout = 1}), true)
  eq(a:getoption("linger"), {on = true, timeout = 1})
end

function test_multicast_interface()
  local u = socket.udp4()
  assert(u:bind("127.0.0.1", 0))
  eq(u:setoption("ip-multicast-if", "127.0.0.1"), true)
  eq(u:getoption("ip-multicast-if"), "127.0.0.1")
  eq({u:setoption("ip-multicast-if", "nosuchif")}, {nil, "no such device"})
  eq({u:setoption("ip-multicast-if", "192.0.2.1")}, {nil, "cannot assign requested address"})
  eq({u:setoption("ip-add-membership", {multiaddr = "239.1.2.3", interface = "nosuchif"})}, {nil, "no such device"})
  eq({u:getoption("ip-add-membership")}, {nil, "protocol not available"})
end

function test_options_of_a_socket_that_is_not_open_are_set_when_it_opens()
  local l = assert(socket.listen("127.0.0.1", 0))
  local s = socket.tcp()
  eq(s:setoption("keepalive", true), true)
  eq(s:getoption("keepalive"), true)
  eq(s:setoption("tcp-nodelay", false), true)
  eq(s:setoption("linger", {on = true, timeout = 2}), true)
  eq(s:getoption("linger"), {on = true, timeout = 2})
  assert(s:connect(l:getsockname()))
  eq({s:getoption("keepalive"), s:getoption("tcp-nodelay")}, {true, false})
  eq(s:getoption("linger"), {on = true, timeout = 2})
  local u = socket.udp()
  eq(u:setoption("rcvbuf", 30000), true)
  assert(u:bind("127.0.0.1", 0))
  assert(u:getoption("rcvbuf") >= 30000 and u:getoption("rcvbuf") <= 120000)
end

function test_options_outlast_a_bind_that_failed()
  local a, b = socket.udp(), socket.udp()
  assert(a:bind("127.0.0.1", 0))
  local host, port = a:getsockname()
  assert(b:setoption("broadcast", false))
  eq({b:bind(host, port)}, {nil, "address already in use"})
  a:close()
  assert(b:bind(host, port))
  eq(b:getoption("broadcast"), false)
end

function test_options_of_a_listener()
  local l = socket.tcp()
  assert(l:setoption("rcvbuf", 30000))
  assert(l:bind("127.0.0.1", 0))
  assert(l:setoption("keepalive", true))
  assert(l:listen())
  assert(l:getoption("rcvbuf") >= 30000)
  eq(l:getoption("keepalive"), true)
end

function test_options_of_a_closed_socket()
  local a = pair()
  a:close()
  eq({a:setoption("keepalive", true)}, {nil, "closed"})
  eq({a:getoption("keepalive")}, {nil, "closed"})
  eq({a:getfd()}, {nil, "closed"})
  eq({a:getsockname()}, {nil, "closed"})
  eq({a:getpeername()}, {nil, "closed"})
  eq({a:bind("127.0.0.1", 0)}, {nil, "closed"})
  eq({a:connect("127.0.0.1", 1)}, {nil, "closed"})
  eq({a:listen()}, {nil, "closed"})
  eq({a:accept()}, {nil, "closed"})
end

function test_reuseport()
  local first = assert(socket.listen("127.0.0.1", 0, {reuseport = true}))
  local host, port = first:getsockname()
  local second = assert(socket.listen(host, port, {reuseport = true}))
  eq({socket.listen(host, port)}, {nil, "address already in use"})
  local s = socket.tcp()
  assert(s:setoption("reuseport", true))
  assert(s:bind(host, port))
  local a, b = socket.udp(), socket.udp()
  assert(a:setoption("reuseport"))
  assert(b:setoption("reuseport"))
  assert(a:bind(host, 0))
  assert(b:bind(a:getsockname()))
end

function test_v6only()
  local l = assert(socket.listen("::", 0, {v6only = true}))
  local _, port = l:getsockname()
  eq(l:getoption("ipv6-v6only"), true)
  local four = assert(socket.listen("0.0.0.0", port))
  local six = assert(socket.listen("*", 0, {family = "6"}))
  eq(six:getoption("ipv6-v6only"), true)
  local _, port6 = six:getsockname()
  eq({socket.connect("127.0.0.1", port6)}, {nil, "connection refused"})
  assert(socket.connect("::1", port6))
  local s = socket.tcp6()
  assert(s:setoption("ipv6-v6only", false))
  assert(s:bind("::", 0))
  assert(s:listen())
  eq(s:getoption("ipv6-v6only"), false)
  assert(socket.connect("127.0.0.1", select(2, s:getsockname())))
end

-- timeouts

function test_settimeout()
  local a = pair()
  eq(a:gettimeout(), nil)
  for _, t in ipairs({0, 0.5, 1, 3600}) do
    eq(a:settimeout(t), true)
    eq(a:gettimeout(), t)
  end
  eq(a:settimeout("2"), true)
  eq(a:gettimeout(), 2)
  eq(a:settimeout(nil), true)
  eq(a:gettimeout(), nil)
  a:settimeout(1)
  eq(a:settimeout(), true)
  eq(a:gettimeout(), nil)
  local s = socket.tcp()
  s:settimeout(0.5)
  local l = socket.listen("127.0.0.1", 0)
  assert(s:connect(l:getsockname()))
  eq(s:gettimeout(), 0.5)
  eq({s:recv()}, {nil, "timeout", ""})
end

function test_the_timeout_of_short_forms_is_for_them_alone()
  local l = socket.listen("127.0.0.1", 0)
  local host, port = l:getsockname()
  eq(socket.connect(host, port, {timeout = 5}):gettimeout(), nil)
  eq(socket.dial("tcp://" .. host .. ":" .. port, {timeout = 5}):gettimeout(), nil)
end

-- descriptors, numbers

function test_getfd()
  local a, b = pair()
  local fd = a:getfd()
  assert(fd > 2 and fd ~= b:getfd())
  eq(a:getfd(), fd)
  a:send("x")
  eq(b:recv(), "x")
  assert(socket.listen("127.0.0.1", 0):getfd() > 2)
  local u = socket.udp()
  u:bind("127.0.0.1", 0)
  assert(u:getfd() > 2)
  eq({socket.tcp():getfd()}, {nil, "transport endpoint is not connected"})
end

function test_ids_and_lists()
  eq(#socket.list(), 0)
  local fresh = socket.tcp()
  eq(fresh:id(), 0)
  eq(#socket.list(), 0)
  local l = socket.listen("127.0.0.1", 0)
  local a = socket.connect(l:getsockname())
  local b = l:accept()
  assert(l:id() < a:id() and a:id() < b:id())
  eq(#socket.list(), 3)
  for i, s in ipairs({l, a, b}) do
    eq(socket.list()[i], s, "the same value as the script holds")
    eq(socket.get(s:id()), s)
  end
  local id = a:id()
  a:close()
  eq(socket.get(id), nil)
  eq(#socket.list(), 2)
  eq(socket.get(12345), nil)
  l:close()
  b:close()
  eq(#socket.list(), 0)
end

function test_a_value_from_a_list_works()
  local a, b = pair()
  local id = a:id()
  a = nil
  collectgarbage()
  a = socket.get(id)
  if a then -- the collector did not run yet
    a:send("x")
    eq(b:recv(), "x")
  end
end

-- what they look like

function test_tostring()
  local l = socket.tcp()
  eq(tostring(l), "tcp unbound")
  l:bind("127.0.0.1", 0)
  local host, port = l:getsockname()
  eq(tostring(l), ("tcp 127.0.0.1:%d bound"):format(port))
  l:listen()
  eq(tostring(l), ("tcp 127.0.0.1:%d listening"):format(port))
  local a = socket.connect(host, port)
  local _, aport = a:getsockname()
  eq(tostring(a), ("tcp 127.0.0.1:%d -> 127.0.0.1:%d"):format(aport, port))
  local b = l:accept()
  eq(tostring(b), ("tcp 127.0.0.1:%d <- 127.0.0.1:%d"):format(port, aport))
  for _, s in ipairs({l, a, b}) do
    s:close()
    eq(tostring(s), "tcp closed")
  end
  l = socket.listen("*", 0)
  host, port = l:getsockname()
  eq(host, "::")
  eq(tostring(l), ("tcp [::]:%d listening"):format(port))
  l = socket.listen("::1", 0)
  host, port = l:getsockname()
  eq(tostring(socket.connect(host, port)):gsub("%d%d+", "N"), "tcp [::1]:N -> [::1]:N")
  eq(tostring(socket.listen("0.0.0.0", 0)):gsub("%d+ ", "N "), "tcp 0.0.0.0:N listening")
  local fresh = socket.tcp()
  fresh:close()
  eq(tostring(fresh), "tcp closed")
end

function test_age()
  local l = socket.listen("127.0.0.1", 0)
  local a = socket.connect(l:getsockname())
  local u = socket.udp()
  u:bind("127.0.0.1", 0)
  sleep(0.02)
  for _, s in ipairs({l, a, u}) do
    local received, sent, age = s:getstats()
    eq({received, sent}, {0, 0})
    assert(age >= 0.019 and age < 60, tostring(s) .. " " .. age)
  end
  eq({socket.tcp():getstats()}, {0, 0, 0})
end

function test_constants_and_makers()
  eq(tostring(socket.socket()), "tcp unbound")
  eq(tostring(socket.socket(socket.AF_INET6, socket.SOCK_STREAM)), "tcp unbound")
  eq(tostring(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)), "udp unbound")
  eq(tostring(socket.socket(socket.AF_UNIX)), "unix unbound")
  eq({socket.socket(socket.AF_INET6):bind("127.0.0.1", 0)}, {nil, "address family not supported by protocol"})
  eq({socket.socket(socket.AF_INET):bind("::1", 0)}, {nil, "address family not supported by protocol"})
  eq({socket.tcp4():connect("::1", 1)}, {nil, "address family not supported by protocol"})
  eq({socket.tcp6():connect("127.0.0.1", 1)}, {nil, "address family not supported by protocol"})
end
