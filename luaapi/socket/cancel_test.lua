-- Every call that waits ends soon when its fiber is cancelled, and with
-- "closed" when the socket is closed by another fiber.

-- within is how many seconds a call has to end.
local within = 0.05 * test.slow

local function eventually(cond)
  local give_up = fiber.now() + 5
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

-- full answers a connection that takes no more, and the peer that does not
-- read. (Of TCP one cannot be sure: now and then the kernel finds a bit of room.)
local function full()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  local a = assert(socket.connect("unix:" .. path))
  local b = assert(l:accept())
  l:close()
  a:settimeout(0)
  while a:send(("s"):rep(65536)) do end
  while a:send("s") do end
  a:settimeout()
  return a, b
end

-- deaf answers an address where nobody answers: a listener whose queue is
-- full, and what keeps it so; or skips.
local function deaf()
  local l = socket.tcp()
  assert(l:bind("127.0.0.1", 0))
  assert(l:listen(0))
  local host, port = l:getsockname()
  local keep = {l}
  for _ = 1, 20 do
    local c, err = socket.connect(host, port, {timeout = 0.05 * test.slow})
    if err == "timeout" then return host, port, keep end
    keep[#keep + 1] = assert(c, err)
  end
  skip("the system does not hold back connections beyond the backlog")
end

-- reading answers a case for a method that reads.
local function reading(fn)
  return function()
    local a, b = pair()
    return fn, b, function()
      a:send("still here\n")
      eq(b:recvline({timeout = 5}), "still here")
    end, a
  end
end

-- cases answer the call that waits, its socket, and a function that shows that
-- the socket can be used after a cancel.
local cases = {
  accept = function()
    local l = assert(socket.listen("127.0.0.1", 0))
    return function(l) return l:accept() end, l, function()
      local a = assert(socket.connect(l:getsockname()))
      assert(l:accept())
    end
  end,
  accept_with_timeout = function()
    local l = assert(socket.listen("127.0.0.1", 0))
    l:settimeout(60)
    return function(l) return l:accept() end, l, function()
      local a = assert(socket.connect(l:getsockname()))
      assert(l:accept())
    end
  end,
  connect = function()
    local host, port, keep = deaf()
    local s = socket.tcp()
    return function(s) return s:connect(host, port) end, s, function()
      eq(tostring(s), "tcp unbound")
      local l = assert(socket.listen("127.0.0.1", 0))
      assert(s:connect(l:getsockname()))
    end, keep
  end,
  connect_from_a_bound_address = function()
    local host, port, keep = deaf()
    local s = socket.tcp()
    assert(s:bind("127.0.0.1", 0))
    local own = {s:getsockname()}
    return function(s) return s:connect(host, port) end, s, function()
      eq({s:getsockname()}, own)
    end, keep
  end,
  recv = reading(function(s) return s:recv() end),
  recv_small = reading(function(s) return s:recv(1) end),
  recv_with_timeout = reading(function(s) return s:recv(1, {timeout = 60}) end),
  recvn = reading(function(s) return s:recvn(10) end),
  recvn_large = reading(function(s) return s:recvn(100000) end),
  recvline = reading(function(s) return s:recvline() end),
  recvuntil = reading(function(s) return s:recvuntil("--") end),
  recvall = reading(function(s) return s:recvall() end),
  lines = reading(function(s) for _ in s:lines() do end return nil, "closed" end),
  chunks = reading(function(s) for _ in s:chunks() do end return nil, "closed" end),
  recvfrom = function()
    local s = socket.udp()
    assert(s:bind("127.0.0.1", 0))
    return function(s) return s:recvfrom() end, s, function()
      socket.udp():sendto("x", s:getsockname())
      eq(s:recvfrom(), "x")
    end
  end,
  recv_of_datagrams = function()
    local s, peer = socket.udp(), socket.udp()
    assert(peer:bind("127.0.0.1", 0))
    assert(s:connect(peer:getsockname()))
    return function(s) return s:recv() end, s, function()
      peer:sendto("x", s:getsockname())
      eq(s:recv(), "x")
    end
  end,
  send = function()
    local a, b = pair()
    return function(s) return s:send(("x"):rep(2 ^ 24)) end, a, function()
      b:settimeout(5)
      assert(b:recv())
    end
  end,
  send_with_timeout = function()
    local a, b = full()
    return function(s) s:settimeout(60) return s:send(("x"):rep(2 ^ 24)) end, a, function()
      b:settimeout(5)
      assert(b:recv())
    end
  end,
  flush = function()
    local a, b = full()
    return function(s) s:write(("x"):rep(1000)) return s:flush() end, a, function()
      b:settimeout(5)
      assert(b:recv())
    end
  end,
  write = function()
    local a, b = full()
    return function(s)
      s:write(("x"):rep(2 ^ 23))
      return s:flush()
    end, a, function() assert(b:recv()) end
  end,
  what_was_written_before_a_sleep = function()
    local a, b = full()
    return function(s)
      s:write("x")
      sleep(0)
      return s:flush()
    end, a, function() assert(b:recv()) end
  end,
  sendto = function()
    local dir = tmpdir()
    local a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    local b = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    assert(a:bind(dir .. "/a"))
    b:settimeout(0)
    while b:sendto(("x"):rep(1000), dir .. "/a") do end
    b:settimeout()
    return function(s) return s:sendto("x", dir .. "/a") end, b, function()
      a:recvfrom()
      eq(b:sendto("x", dir .. "/a"), 1)
    end
  end,
  pump = function()
    local a, b = pair()
    local c, d = pair()
    return function(s) return socket.pump(s, c) end, b, function()
      a:send("x")
      eq(b:recv(), "x")
      d:send("y")
      eq(c:recv(), "y")
    end, {a, d}
  end,
  pump_that_cannot_send = function()
    local a, b = pair()
    local c, d = full()
    a:send("x")
    return function(s) return socket.pump(s, c) end, b, function()
      a:send("y")
      local before = b:recvuntil("y") -- the pump may not have got as far as taking x
      assert(before == "" or before == "x", before)
    end, {a, d}
  end,
  waiting_for_a_turn = function()
    local a, b = pair()
    local first = spawn(function() return b:recvn(2) end)
    sleep(0)
    return function(s) return s:recv() end, b, function()
      a:send("12")
      eq({first:join(5)}, {true, "12"})
    end, a
  end,
  close = function()
    local a, b = full()
    a:settimeout(60)
    return function(s)
      s:write("x")
      s:close()
      return nil, "closed"
    end, a, function() eq(tostring(a), "unix closed") end, b
  end,
}

local function waits(f) return function() return f:status() == "waiting" end end

for name, case in pairs(cases) do
  _G["test_cancel_of_" .. name] = function()
    local took
    for try = 1, 3 do -- the machine may be busy
      local call, s, check, keep = case()
      local tidied = false
      local f = spawn(function()
        fiber.defer(function() tidied = true end)
        while true do pcall(call, s) end
      end)
      eventually(waits(f))
      local start = fiber.now()
      f:cancel()
      local ok, err = f:join(5)
      took = fiber.now() - start
      eq({ok, err}, {nil, "cancelled"})
      eq(tidied, true, "the clean-up has run")
      check(keep)
      if took <= within then return end
    end
    error("took " .. took .. " s")
  end

  _G["test_close_ends_" .. name] = function()
    local took
    for try = 1, 3 do
      local call, s, check, keep = case()
      local f = spawn(call, s)
      eventually(waits(f))
      local start = fiber.now()
      s:close()
      local ok, data, err = f:join(5)
      took = fiber.now() - start
      eq({ok, data, err}, {true, nil, "closed"})
      if took <= within then return end
    end
    error("took " .. took .. " s")
  end
end

function test_cancel_of_a_connect_that_answers_no_socket()
  local host, port, keep = deaf()
  local f = spawn(function() return socket.connect(host, port) end)
  eventually(waits(f))
  local g = spawn(function() return socket.dial("tcp://" .. host .. ":" .. port) end)
  eventually(waits(g))
  local start = fiber.now()
  f:cancel()
  g:cancel()
  eq(select(2, f:join(5)), "cancelled")
  eq(select(2, g:join(5)), "cancelled")
  assert(fiber.now() - start < within * 4)
  assert(keep)
end

function test_connect_times_out()
  local host, port, keep = deaf()
  local start = fiber.now()
  eq({socket.connect(host, port, {timeout = 0.03})}, {nil, "timeout"})
  eq({socket.dial("tcp://" .. host .. ":" .. port, {timeout = 0.03})}, {nil, "timeout"})
  local s = socket.tcp()
  s:settimeout(0.03)
  eq({s:connect(host, port)}, {nil, "timeout"})
  assert(fiber.now() - start < 2)
  s:settimeout(0)
  eq({s:connect(host, port)}, {nil, "timeout"})
  assert(keep)
end

function test_cancel_of_a_server_wait()
  local s = assert(socket.serve("127.0.0.1", 0, function(c) c:recv() end))
  local c = assert(socket.connect(s:addr()))
  eventually(function() return s:connections() == 1 end)
  for _, call in ipairs({function() return s:wait() end, function() return s:wait(60) end, function() return s:stop(60) end}) do
    local f = spawn(call)
    eventually(waits(f))
    local start = fiber.now()
    f:cancel()
    eq(select(2, f:join(5)), "cancelled")
    assert(fiber.now() - start < within * 4)
  end
  c:send("x")
  eq(s:wait(5), true)
end

function test_cancel_of_many_at_once()
  local conns, fs = {}, {}
  for i = 1, 100 do
    local a, b = pair()
    conns[i] = a
    fs[i] = spawn(function() while true do pcall(b.recv, b) end end)
  end
  sleep(0.01)
  for i = 1, 100 do fs[i]:cancel() end
  for i = 1, 100 do eq(select(2, fs[i]:join(5)), "cancelled") end
end

function test_cancelled_before_it_waits()
  local a, b = pair()
  local f = spawn(function()
    fiber.self():cancel()
    return b:recv()
  end)
  eq(select(2, f:join(5)), "cancelled")
  a:send("x")
  eq(b:recv(), "x")
end

function test_sockets_can_be_used_in_the_clean_up()
  local a, b = pair()
  local f = spawn(function()
    fiber.defer(function()
      b:send("bye ")
      b:write(b:recvline())
      b:close()
    end)
    b:recv()
  end)
  eventually(waits(f))
  f:cancel()
  a:send("and thanks\n")
  eq(select(2, f:join(5)), "cancelled")
  eq(a:recvall(), "bye and thanks")
end

function test_a_cancelled_reader_takes_nothing_with_it()
  for _ = 1, 50 do
    local a, b = pair()
    local f = spawn(function() return b:recvn(1000) end)
    sleep(0)
    a:send("abc")
    f:cancel()
    f:join(5)
    a:shutdown("write")
    local rest = b:recvall()
    assert(rest == "abc" or rest == "", rest) -- "" when it had been read by then
  end
end
