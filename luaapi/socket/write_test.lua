-- Sending: all of it, in order, in time; what is collected and when it leaves;
-- shutdown and close.

local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

local function unixpair()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  local a = assert(socket.connect("unix:" .. path))
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

local function waiting(fn, ...)
  local f = spawn(fn, ...)
  eventually(function() return f:status() == "waiting" end)
  return f
end

-- stuff sends until there is no more room, and answers how much that was. (Of
-- TCP one cannot be sure: now and then the kernel finds a bit of room more.)
local function stuff(conn)
  local n = 0
  conn:settimeout(0)
  for _, block in ipairs({("s"):rep(65536), "s"}) do
    local last, err, sent
    repeat
      last, err, sent = conn:send(block)
      n = n + (last or sent)
    until not last
  end
  conn:settimeout()
  return n
end

local megabytes = 16
local big = ("0123456789abcdef"):rep(65536 * megabytes)

-- send

function test_send_answers_the_last_byte_sent()
  local a, b = pair()
  eq(a:send("hello"), 5)
  eq(a:send("hello", 2), 5)
  eq(a:send("hello", 2, 3), 3)
  eq(a:send("hello", -2), 5)
  eq(a:send("hello", -3, -2), 4)
  eq(a:send("hello", 0, 2), 2)
  eq(a:send("hello", 4, 100), 5)
  eq(a:send("hello", 1, -1), 5)
  eq(a:send("hello", 2, 2), 2)
  a:shutdown("write")
  eq(b:recvall(), "hello" .. "ello" .. "el" .. "lo" .. "ll" .. "he" .. "lo" .. "hello" .. "e")
end

function test_send_of_nothing()
  local a, b = pair()
  eq(a:send(""), 0)
  eq(a:send({}), 0)
  eq(a:send("abc", 3, 2), 2)
  eq(a:send("abc", 4), 3)
  eq(a:send("abc", 1, 0), 0)
  eq(a:send("abc", 1, -4), 0)
  eq(a:send("x"), 1)
  eq(b:recv(), "x")
end

function test_send_of_numbers_and_tables()
  local a, b = pair()
  eq(a:send(12.5), 4)
  eq(a:send({"a", 1, "", "b\0"}), 4)
  eq(a:sendall("end"), 3)
  a:close()
  eq(b:recvall(), "12.5a1b\0end")
end

function test_send_of_every_byte()
  local a, b = pair()
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  all = table.concat(all)
  a:send(all)
  a:write(all)
  a:close()
  eq(b:recvall(), all .. all)
end

function test_send_of_much()
  for _, make in ipairs({pair, unixpair}) do
    local a, b = make()
    local f = spawn(function() return a:send(big) end)
    local n = 0
    local t = {}
    while n < #big do
      local s = b:recv()
      n = n + #s
      t[#t + 1] = s
    end
    assert(table.concat(t) == big)
    eq({f:join(5)}, {true, #big})
  end
end

function test_send_from_several_fibers_is_not_mixed()
  local a, b = pair()
  local fs = {}
  for i = 1, 8 do
    fs[i] = spawn(function() a:send(string.char(96 + i):rep(2 ^ 20)) end)
  end
  local seen = {}
  for _ = 1, 8 do
    local s = b:recvn(2 ^ 20)
    assert(s == s:sub(1, 1):rep(2 ^ 20), "mixed")
    seen[#seen + 1] = s:sub(1, 1)
  end
  eq(table.concat(seen), "abcdefgh")
  for i = 1, 8 do assert(fs[i]:join(5)) end
end

function test_send_times_out_and_tells_how_far_it_came()
  local a, b = pair()
  a:settimeout(0.05)
  local start = fiber.now()
  local ok, err, last = a:send(big)
  eq({ok, err}, {nil, "timeout"})
  assert(last > 0 and last < #big)
  assert(fiber.now() - start < 2)
  a:settimeout()
  local f = spawn(function() return a:send(big, last + 1) end)
  assert(b:recvn(#big, {max = #big}) == big)
  eq({f:join(5)}, {true, #big})
end

function test_send_polls()
  local a, b = pair()
  a:settimeout(0)
  local ok, err, last = a:send(big, 11)
  eq({ok, err}, {nil, "timeout"})
  assert(last > 10 and last < #big, last)
  local ok, err, last2 = a:send(big, last + 1)
  assert(last2 >= last)
end

function test_send_with_nothing_sent_tells_so()
  local a, b = unixpair()
  stuff(a)
  a:settimeout(0)
  local ok, err, last = a:send("hello", 3)
  eq({ok, err, last}, {nil, "timeout", 2})
end

function test_a_send_deadline_that_passed_does_not_harm_the_next()
  local a, b = unixpair()
  local n = stuff(a)
  local f = waiting(function() return a:send("end") end)
  sleep(0.03)
  eq(#b:recvn(n, {max = n}), n)
  eq({f:join(5)}, {true, 3})
  eq(b:recv(), "end")
end

function test_send_to_a_peer_that_is_gone()
  local a, b = pair()
  b:setoption("linger", 0)
  b:close()
  local data, err = a:recv()
  eq(err, "connection reset by peer")
  local ok, err, last = a:send("x")
  eq({ok, err, last}, {nil, "broken pipe", 0})
end

function test_send_is_ended_by_a_reset()
  local a, b = pair()
  stuff(a)
  local f = waiting(function() return a:send(big) end)
  b:setoption("linger", 0)
  b:close()
  local ok, last, err = f:join(5)
  eq({ok, last, err}, {true, nil, "connection reset by peer"})
end

function test_send_of_what_is_not_connected()
  local fresh, closed = socket.tcp(), pair()
  closed:close()
  eq({fresh:send("x")}, {nil, "transport endpoint is not connected", 0})
  eq({closed:send("xyz", 2)}, {nil, "closed", 1})
  eq({fresh:write("x")}, {nil, "transport endpoint is not connected"})
  eq({closed:write("x")}, {nil, "closed"})
  eq({fresh:flush()}, {nil, "transport endpoint is not connected"})
  eq({closed:flush()}, {nil, "closed"})
  eq({fresh:shutdown()}, {nil, "transport endpoint is not connected"})
  eq({closed:shutdown()}, {nil, "closed"})
end

-- write and flush

function test_write_collects_until_the_fiber_waits()
  local a, b = pair()
  eq(a:write("one ", 2, " three"), a)
  eq(a:write(), a)
  a:write(""):write("!")
  local _, sent = a:getstats()
  eq(sent, 0)
  eq({b:recv(100, {timeout = 0})}, {"one 2 three!"})
  local _, sent = a:getstats()
  eq(sent, 12)
end

function test_write_leaves_before_each_kind_of_wait()
  local waits = {
    sleep = function() sleep(0) end,
    sleep_longer = function() sleep(0.001) end,
    join = function() spawn(function() end):join() end,
    queue = function() fiber.queue():get(0.001) end,
    accept = function() local l = socket.listen("127.0.0.1", 0) l:settimeout(0.001) l:accept() end,
    connect = function() socket.connect("127.0.0.1", 1) end,
    udp = function() local u = socket.udp() u:bind("127.0.0.1", 0) u:recvfrom(1, {timeout = 0.001}) end,
    coroutine = function() coroutine.wrap(function() sleep(0) end)() end,
  }
  for name, wait in pairs(waits) do
    local a, b = pair()
    a:write("x")
    wait()
    local _, sent = a:getstats()
    eq(sent, 1, name)
  end
end

function test_write_leaves_when_the_fiber_ends()
  local a, b = pair()
  spawn(function() a:write("normal ") end):join()
  spawn(function() a:write("error") error("x") end):join()
  spawn(function() fiber.defer(function() a:write(" deferred") end) end):join()
  a:shutdown("write")
  eq(b:recvall(), "normal error deferred")
end

function test_write_flush_and_send_keep_their_order()
  local a, b = pair()
  a:write("1")
  eq(a:send("2"), 1)
  a:write("3")
  eq(a:flush(), true)
  a:write("4")
  eq(a:send(("5"):rep(100000)), 100000)
  a:write("6")
  a:shutdown("write")
  eq(b:recvall(), "1234" .. ("5"):rep(100000) .. "6")
  eq({a:write("7"):flush()}, {nil, "broken pipe"})
end

function test_write_leaves_above_64_kib()
  local a, b = pair()
  a:write(("x"):rep(65535))
  local _, sent = a:getstats()
  eq(sent, 0)
  a:write("y")
  _, sent = a:getstats()
  eq(sent, 65536)
  a:close()
  eq(#b:recvall(), 65536)
end

function test_write_of_much()
  local a, b = pair()
  local f = spawn(function()
    for i = 1, #big, 1000 do assert(a:write(big:sub(i, i + 999))) end
    a:close()
  end)
  assert(b:recvall({max = #big}) == big)
  assert(f:join(5))
end

function test_write_to_several_connections()
  local conns = {}
  for i = 1, 50 do conns[i] = {pair()} end
  for i, c in ipairs(conns) do c[1]:write("n", i) end
  for i, c in ipairs(conns) do eq(c[2]:recv(), "n" .. i) end
end

function test_a_failed_flush_is_told_by_the_next_call()
  local next_calls = {
    write = function(a) return a:write("x") end,
    flush = function(a) return a:flush() end,
    send = function(a) return a:send("x") end,
    shutdown = function(a) return a:shutdown("write") end,
  }
  for name, call in pairs(next_calls) do
    local a, b = pair()
    b:setoption("linger", 0)
    b:close()
    a:recv()
    a:write("lost")
    sleep(0)
    local ok, err = call(a)
    eq({ok, err}, {nil, "broken pipe"}, name)
    a:close()
  end
end

function test_a_flush_that_times_out_loses_nothing()
  local a, b = unixpair()
  local n = stuff(a)
  a:settimeout(0.01)
  a:write("hello ")
  eq({a:flush()}, {nil, "timeout"})
  a:write("world")
  sleep(0) -- tries again and fails
  eq({a:write("x")}, {nil, "timeout"})
  local ok, err, last = a:send("y")
  eq({ok, err, last}, {nil, "timeout", 0})
  eq(#b:recvn(n, {max = n}), n)
  eq(a:flush(), true)
  a:close()
  eq(b:recvall(), "hello world")
end

function test_a_write_that_cannot_leave_is_bounded()
  local a, b = unixpair()
  local n = stuff(a)
  a:settimeout(0)
  local block = ("b"):rep(65536)
  local taken = 0
  for _ = 1, 20 do
    if a:write(block) then taken = taken + 1 end
  end
  assert(taken < 4, taken)
  a:settimeout()
  local f = spawn(function() a:flush() a:close() end)
  eq(#b:recvall({max = 2 ^ 30}), n + taken * #block)
end

function test_what_a_cancelled_fiber_wrote_can_still_be_sent()
  local a, b = unixpair()
  local n = stuff(a)
  local f = waiting(function()
    a:write("first ")
    a:flush()
  end)
  f:cancel()
  f:join(5)
  local g = spawn(function() return a:write("second"):flush() end)
  eq(#b:recvn(n, {max = n}), n)
  eq({g:join(5)}, {true, true})
  eq(b:recv(), "first second")
end

function test_a_broken_connection_does_not_stop_the_fiber_that_wrote()
  local a, b = pair()
  local c, d = pair()
  b:setoption("linger", 0)
  b:close()
  a:recv()
  a:write("to nobody")
  c:write("to d")
  eq(d:recv(), "to d")
end

-- shutdown

function test_shutdown_write()
  local a, b = pair()
  eq(a:shutdown("write"), true)
  eq({b:recv()}, {nil, "closed", ""})
  local ok, err = a:send("x")
  eq({ok, err}, {nil, "broken pipe"})
  b:send("still")
  eq(a:recv(), "still")
end

function test_shutdown_both()
  for _, how in ipairs({"both", false}) do
    local a, b = pair()
    eq(how and a:shutdown(how) or a:shutdown(), true)
    eq({b:recv()}, {nil, "closed", ""})
    eq({a:recv()}, {nil, "closed", ""})
    eq({a:send("x")}, {nil, "broken pipe", 0})
  end
end

function test_shutdown_of_a_unix_connection()
  local a, b = unixpair()
  a:write("x")
  eq(a:shutdown("write"), true)
  eq(b:recvall(), "x")
  b:send("y")
  eq(a:recv(), "y")
  eq(a:shutdown("read"), true)
  eq({a:recv()}, {nil, "closed", ""})
end

-- close

function test_close_flushes()
  local a, b = pair()
  a:write("bye")
  eq(a:close(), true)
  eq(a:close(), true)
  eq(b:recvall(), "bye")
end

function test_close_is_bounded_by_the_timeout()
  local a, b = unixpair()
  stuff(a)
  a:settimeout(0.05)
  a:write("x")
  local start = fiber.now()
  eq(a:close(), true)
  assert(fiber.now() - start < 2)
  eq(tostring(a), "unix closed")
end

function test_close_without_a_timeout_waits_five_seconds_at_most()
  local a, b = unixpair()
  stuff(a)
  a:write("x")
  local start = fiber.now()
  eq(a:close(), true)
  local took = fiber.now() - start
  assert(took > 4.5 and took < 8, took)
end

function test_close_waits_for_a_slow_peer()
  local a, b = unixpair()
  local n = stuff(a)
  local f = waiting(function()
    a:write("the end")
    a:close()
  end)
  eq(#b:recvn(n, {max = n}), n)
  eq(b:recvall(), "the end")
  assert(f:join(5))
end

function test_close_ends_a_send()
  local a, b = unixpair()
  stuff(a)
  local f = waiting(function() return a:send(big) end)
  local start = fiber.now()
  a:close()
  local ok, last, err = f:join(5)
  eq({ok, last, err}, {true, nil, "closed"})
  assert(fiber.now() - start < 2)
end

function test_close_by_two_fibers()
  local a, b = pair()
  local fs = {}
  for i = 1, 5 do fs[i] = spawn(function() return a:close() end) end
  for i = 1, 5 do eq({fs[i]:join(5)}, {true, true}) end
  eq(b:recvall(), "")
end

-- pump

function test_pump_of_much()
  local a, b = pair()
  local c, d = pair()
  local p = spawn(socket.pump, b, c)
  local fs = {
    spawn(function() a:send(big) a:shutdown("write") end),
    spawn(function() d:send(big, 1, #big / 2) d:shutdown("write") end),
    spawn(function() return a:recvall({max = 2 ^ 26}) == big:sub(1, #big / 2) end),
    spawn(function() return d:recvall({max = 2 ^ 26}) == big end),
  }
  eq({fs[3]:join(9)}, {true, true})
  eq({fs[4]:join(9)}, {true, true})
  eq({p:join(9)}, {true, #big, #big / 2})
  local received, sent = b:getstats()
  eq({received, sent}, {#big, #big / 2})
end

function test_pump_carries_what_was_read_ahead_and_written()
  local a, b = pair()
  local c, d = unixpair()
  a:send("line\nhead ")
  eq(b:recvline(), "line")
  c:write("greeting ")
  b:write("reply ")
  local p = spawn(socket.pump, b, c)
  a:send("tail")
  a:shutdown("write")
  d:send("data")
  d:shutdown("write")
  eq(d:recvall(), "greeting head tail")
  eq(a:recvall(), "reply data")
  eq({p:join(5)}, {true, 9, 4})
end

function test_pump_between_kinds()
  for _, makes in ipairs({{pair, unixpair}, {unixpair, pair}, {unixpair, unixpair}}) do
    local a, b = makes[1]()
    local c, d = makes[2]()
    local p = spawn(socket.pump, b, c)
    local f = spawn(function() a:send(big) a:close() end)
    assert(d:recvall({max = #big}) == big)
    d:close()
    eq({p:join(5)}, {true, #big, 0})
  end
end

function test_pump_ends_with_a_reset()
  local a, b = pair()
  local c, d = pair()
  local p = waiting(socket.pump, b, c)
  a:setoption("linger", 0)
  a:close()
  local ok, forth, err = p:join(5)
  eq({ok, forth, err}, {true, nil, "connection reset by peer"})
end

function test_pump_of_closed_and_unconnected()
  local a, b = pair()
  local c = pair()
  c:close()
  eq({socket.pump(a, c)}, {nil, "closed", 0, 0})
  raises(function() socket.pump(a, socket.tcp()) end, "socket.pump: b: open connection expected, got tcp unbound")
  raises(function() socket.pump(a, a) end, "socket.pump: b: another connection expected")
  raises(function() socket.pump(a, socket.udp()) end, "socket.pump: b: ")
end

function test_a_cancelled_pump_leaves_both_usable()
  local a, b = pair()
  local c, d = pair()
  local p = waiting(socket.pump, b, c)
  a:send("through")
  eq(d:recv(), "through")
  p:cancel()
  p:join(5)
  a:send("x")
  eq(b:recv(), "x")
  d:send("y")
  eq(c:recv(), "y")
  b:send("to a")
  c:send("to d")
  eq({a:recv(), d:recv()}, {"to a", "to d"})
end

-- the collector

function test_unreferenced_connections_are_closed()
  local l = socket.listen("127.0.0.1", 0)
  local ends = {}
  for i = 1, 20 do
    socket.connect(l:getsockname())
    ends[i] = l:accept()
  end
  for i = 1, 20 do
    local got
    eventually(function()
      collectgarbage()
      local data, err = ends[i]:recv(1, {timeout = 0})
      got = err
      return err ~= "timeout"
    end)
    eq(got, "closed")
  end
end
