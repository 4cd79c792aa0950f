-- Every function that reads, against peers of every kind: slow, gone in the
-- middle, reset, silent.

-- pair answers two ends of a connection.
local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

-- drip sends data byte by byte, letting the reader run after each.
local function drip(conn, data)
  for i = 1, #data do
    assert(conn:send(data:sub(i, i)))
    sleep(0)
  end
end

-- reset ends a connection with a reset instead of an end.
local function reset(conn)
  assert(conn:setoption("linger", {on = true, timeout = 0}))
  conn:close()
end

-- readers are the calls that wait for something that never comes in full.
local readers = {
  recv = function(c, o) return c:recv(10, o) end,
  recvn = function(c, o) return c:recvn(10, o) end,
  recvn_large = function(c, o) return c:recvn(200000, o) end,
  recvline = function(c, o) return c:recvline(o) end,
  recvuntil = function(c, o) return c:recvuntil("--", o) end,
  recvall = function(c, o) return c:recvall(o) end,
}

local function eventually(cond)
  local give_up = fiber.now() + 5
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

-- waiting starts fn in a fiber and comes back when it waits.
local function waiting(fn, ...)
  local f = spawn(fn, ...)
  eventually(function() return f:status() == "waiting" end)
  return f
end

-- one byte at a time

function test_dripped_recvn()
  local a, b = pair()
  local f = spawn(drip, a, "hello\0world")
  eq(b:recvn(5), "hello")
  eq(b:recvn(6), "\0world")
  f:join()
end

function test_dripped_recvn_large()
  local a, b = pair()
  local data = ("0123456789"):rep(4000)
  local f = spawn(function()
    for i = 1, #data, 1000 do
      a:send(data:sub(i, i))
      sleep(0)
      a:send(data, i + 1, i + 999)
      sleep(0)
    end
  end)
  assert(b:recvn(#data) == data)
  f:join()
end

function test_dripped_lines()
  local a, b = pair()
  spawn(function() drip(a, "one\ntwo\r\n\n\r\nfive\r6\n\0\n") a:close() end)
  eq({b:recvline(), b:recvline(), b:recvline(), b:recvline(), b:recvline(), b:recvline()},
    {"one", "two", "", "", "five\r6", "\0"})
  eq({b:recvline()}, {nil, "closed", ""})
end

function test_dripped_until()
  local a, b = pair()
  spawn(function() drip(a, "head\r\n\r\r\n\r\nbody\r\n\r\n\r\n\r\nrest") a:close() end)
  eq(b:recvuntil("\r\n\r\n"), "head\r\n\r")
  eq(b:recvuntil("\r\n\r\n"), "body")
  eq(b:recvuntil("\r\n\r\n"), "")
  eq({b:recvuntil("\r\n\r\n")}, {nil, "closed", "rest"})
end

function test_until_finds_a_mark_that_begins_like_itself()
  local a, b = pair()
  spawn(drip, a, "aaab" .. "ababac" .. "\0\0x\0\0\0")
  eq(b:recvuntil("aab"), "a")
  eq(b:recvuntil("abac"), "ab")
  eq(b:recvuntil("\0\0\0"), "\0\0x")
end

function test_dripped_all()
  local a, b = pair()
  spawn(function() drip(a, "all\0of\nit") a:close() end)
  eq(b:recvall(), "all\0of\nit")
  eq(b:recvall(), "")
end

function test_dripped_iterators()
  local a, b = pair()
  spawn(function() drip(a, "x\n\ny\r\nz") a:close() end)
  local all = {}
  for line in b:lines() do all[#all + 1] = line end
  eq(all, {"x", "", "y", "z"})
  a, b = pair()
  spawn(function() drip(a, "chunks") a:close() end)
  all = {}
  for s in b:chunks(2) do
    assert(#s == 1 or #s == 2)
    all[#all + 1] = s
  end
  eq(table.concat(all), "chunks")
end

function test_recv_answers_what_is_there()
  local a, b = pair()
  a:send("abcdef")
  eq(b:recvn(2), "ab")
  eq(b:recv(3), "cde")
  eq(b:recv(), "f")
  a:send(("x"):rep(100000))
  local n = 0
  while n < 100000 do
    local s = b:recv(100000)
    assert(#s <= 65536)
    n = n + #s
  end
  eq(n, 100000)
end

function test_recvn_zero()
  local a, b = pair()
  eq(b:recvn(0), "")
  a:close()
  eq(b:recvn(0), "")
end

-- a peer that goes away

function test_closed_midway_gives_what_came()
  for name, read in pairs(readers) do
    local a, b = pair()
    a:send("abc")
    a:close()
    if name == "recv" then eq(b:recv(), "abc") end
    local want = name == "recv" and {nil, "closed", ""} or name == "recvall" and {"abc"} or {nil, "closed", "abc"}
    eq({read(b)}, want, name)
    local again = name == "recvall" and {""} or {nil, "closed", ""}
    eq({read(b)}, again, name .. " again")
  end
end

function test_closed_while_it_waits()
  for name, read in pairs(readers) do
    local a, b = pair()
    local f = waiting(read, b)
    a:close()
    local want = name == "recvall" and {true, ""} or {true, nil, "closed", ""}
    eq({f:join(5)}, want, name)
  end
end

function test_reset()
  for name, read in pairs(readers) do
    local a, b = pair()
    local f = waiting(read, b)
    reset(a)
    eq({f:join(5)}, {true, nil, "connection reset by peer", ""}, name)
    assert(b:close())
  end
end

function test_reset_midway_gives_what_came()
  local a, b = pair()
  a:send("abc")
  local f = waiting(function() return b:recvn(5) end)
  eventually(function() return b:getstats() == 3 end)
  reset(a)
  eq({f:join(5)}, {true, nil, "connection reset by peer", "abc"})
end

function test_iterators_end_with_the_peer()
  local a, b = pair()
  local n = 0
  local f = waiting(function() for _ in b:lines() do n = n + 1 end return "over" end)
  reset(a)
  eq({f:join(5)}, {true, "over"})
  a, b = pair()
  f = waiting(function() for _ in b:chunks() do n = n + 1 end return "over" end)
  a:close()
  eq({f:join(5)}, {true, "over"})
  eq(n, 0)
end

-- a peer that sends nothing, timeouts

function test_timeout_of_a_call()
  for name, read in pairs(readers) do
    local a, b = pair()
    local start = fiber.now()
    eq({read(b, {timeout = 0.02})}, {nil, "timeout", ""}, name)
    assert(fiber.now() - start >= 0.019, name)
    a:send("later")
    eq({b:recv()}, {"later"}, name)
  end
end

function test_timeout_of_the_socket()
  for name, read in pairs(readers) do
    local a, b = pair()
    b:settimeout(0.01)
    eq(b:gettimeout(), 0.01)
    eq({read(b)}, {nil, "timeout", ""}, name)
    b:settimeout()
    eq(b:gettimeout(), nil)
    eq({read(b, {timeout = 0.01})}, {nil, "timeout", ""}, name)
  end
end

function test_polling()
  for name, read in pairs(readers) do
    local a, b = pair()
    b:settimeout(0)
    eq({read(b)}, {nil, "timeout", ""}, name)
    eq({read(b)}, {nil, "timeout", ""}, name)
    a:send("x")
    local got
    eventually(function()
      local data, err, partial = b:recv()
      got = data or got
      return data or err ~= "timeout"
    end)
    eq(got, "x", name)
  end
end

function test_polling_finds_all_that_is_there()
  local a, b = pair()
  a:send("line\nrest")
  eventually(function() return b:getstats() == 9 or b:recvline({timeout = 0}) == "line" end)
  eq({b:recvline({timeout = 0})}, {nil, "timeout", "rest"})
end

function test_timeout_gives_what_came()
  for name, read in pairs(readers) do
    if name ~= "recv" then
      local a, b = pair()
      a:send("part")
      eq({read(b, {timeout = 0.02})}, {nil, "timeout", "part"}, name)
      a:send("next\n")
      eq(b:recvline(), "next", name)
    end
  end
end

function test_timeout_covers_several_receives()
  local a, b = pair()
  local f = spawn(function()
    while a:send("x") do sleep(0.005) end
  end)
  for name, read in pairs(readers) do
    if name ~= "recv" and name ~= "recvn" then
      local start = fiber.now()
      local data, err, partial = read(b, {timeout = 0.05})
      eq({data, err}, {nil, "timeout"}, name)
      assert(#partial > 0, name)
      assert(fiber.now() - start < 2, name)
    end
  end
  f:cancel()
end

function test_a_deadline_that_passed_does_not_harm_the_next_call()
  local a, b = pair()
  a:send("1")
  eq(b:recvn(1, {timeout = 0.001}), "1")
  eq({b:recv(1, {timeout = 0.001})}, {nil, "timeout", ""})
  sleep(0.01)
  a:send("2")
  eq(b:recv(1, {timeout = 5}), "2")
  eq({b:recv(1, {timeout = 0.001})}, {nil, "timeout", ""})
  local f = waiting(function() return b:recv() end)
  sleep(0.01)
  a:send("3")
  eq({f:join(5)}, {true, "3"})
  eq({b:recv(1, {timeout = 0.001})}, {nil, "timeout", ""})
  a:send("4")
  eventually(function() return b:recv(1, {timeout = 0}) == "4" end)
end

function test_timeouts_that_stand_for_ever()
  local a, b = pair()
  for _, t in ipairs({1e300, -1, 1 / 0}) do
    local f = waiting(function() return b:recv(1, {timeout = t}) end)
    a:send("x")
    eq({f:join(5)}, {true, "x"})
    b:settimeout(t)
    eq(b:gettimeout(), nil)
  end
end

function test_iterators_raise_a_timeout()
  local a, b = pair()
  a:send("one\ntw")
  local lines = b:lines({timeout = 0.01})
  eq(lines(), "one")
  raises(lines, "timeout")
  raises(b:chunks(10, {timeout = 0}), "timeout")
end

-- limits

function test_line_too_long()
  local a, b = pair()
  a:send("123456\n12345\n12345\r\n1234567\r\n")
  eq({b:recvline({max = 5})}, {nil, "too long", "12345"})
  eq(b:recvline({max = 5}), "6")
  eq(b:recvline({max = 5}), "12345")
  eq(b:recvline({max = 5}), "12345")
  eq({b:recvline({max = 5})}, {nil, "too long", "12345"})
  eq(b:recvline({max = 5}), "67")
end

function test_limits_are_exact_when_the_end_is_split()
  local a, b = pair()
  spawn(drip, a, "12345\r\n" .. "12345\n" .. "12345--" .. "12345-+" .. "1234-5--" .. "\r\n")
  eq(b:recvline({max = 5}), "12345")
  eq(b:recvline({max = 5}), "12345")
  eq(b:recvuntil("--", {max = 5}), "12345")
  eq({b:recvuntil("--", {max = 5})}, {nil, "too long", "12345"})
  eq({b:recvuntil("--", {max = 5})}, {nil, "too long", "-+123"})
  eq(b:recvuntil("--", {max = 5}), "4-5")
  eq(b:recvline({max = 0}), "")
end

function test_until_too_long()
  local a, b = pair()
  spawn(drip, a, "abcdef;;gh;;")
  eq({b:recvuntil(";;", {max = 4})}, {nil, "too long", "abcd"})
  eq(b:recvuntil(";;", {max = 4}), "ef")
  eq(b:recvuntil(";;", {max = 2}), "gh")
end

function test_all_too_long()
  local a, b = pair()
  a:send("abcdef")
  eq({b:recvall({max = 4})}, {nil, "too long", "abcd"})
  a:close()
  eq(b:recvall({max = 2}), "ef")
  a, b = pair()
  local f = spawn(function() a:send(("x"):rep(2 ^ 20 + 1)) a:close() end)
  local data, err, partial = b:recvall()
  eq({data, err, #partial}, {nil, "too long", 2 ^ 20})
  eq(b:recvall(), "x")
  f:join()
end

function test_lines_have_a_limit_unless_told()
  local a, b = pair()
  local f = spawn(function()
    a:send(("x"):rep(2 ^ 20) .. "\n")
    a:send(("y"):rep(2 ^ 20 + 1) .. "\n")
    a:send(("z"):rep(2 ^ 20 + 1) .. "\n")
  end)
  eq(#b:recvline(), 2 ^ 20)
  local data, err, partial = b:recvline()
  eq({data, err, #partial}, {nil, "too long", 2 ^ 20})
  eq(b:recvline(), "y")
  eq(#b:recvline({max = 2 ^ 21}), 2 ^ 20 + 1)
  f:join()
end

function test_recvn_too_long()
  local a, b = pair()
  a:send("abc")
  eq({b:recvn(2 ^ 20 + 1)}, {nil, "too long", ""})
  eq({b:recvn(3, {max = 2})}, {nil, "too long", ""})
  eq(b:recvn(3, {max = 3}), "abc")
end

function test_lines_too_long_raise()
  local a, b = pair()
  a:send("12345\n")
  raises(b:lines({max = 3}), "too long")
  eq(b:recvline(), "45")
end

-- unrecv

function test_unrecv()
  local a, b = pair()
  b:unrecv("")
  b:unrecv("c\n")
  b:unrecv("a\0b")
  eq(b:recvline(), "a\0bc")
  a:send("tail\n")
  b:unrecv("and ")
  eq(b:recvline(), "and tail")
  b:unrecv("x")
  eq(b:recv(), "x")
  b:unrecv("--y")
  eq(b:recvuntil("--"), "")
  a:close()
  eq(b:recvall(), "y")
  b:unrecv("after the end")
  eq(b:recv(5), "after")
  eq(b:recvall(), " the end")
  b:close()
  eq({b:unrecv("x")}, {nil, "closed"})
end

function test_unrecv_comes_first_even_for_one_who_waits()
  local calls = {
    recv = function(b) return b:recv(3) end,
    recvn = function(b) return b:recvn(3) end,
    recvline = function(b) return b:recvline() end,
  }
  for name, read in pairs(calls) do
    local a, b = pair()
    local f = waiting(read, b)
    b:unrecv("12")
    a:send("3\n")
    local ok, got = f:join(5)
    if name == "recv" then
      eq(got, "123", name)
    else
      eq(got, "123", name)
    end
  end
  local a, b = pair()
  a:send("abc")
  local f = waiting(function() return b:recvline() end)
  b:unrecv("1\n2")
  a:send("d\n")
  eq({f:join(5)}, {true, "1"})
  eq(b:recvline(), "2abcd")
end

-- several fibers

function test_readers_take_turns()
  local a, b = pair()
  local got = {}
  local fs = {}
  for i = 1, 10 do
    fs[i] = spawn(function() got[i] = b:recvn(4) end)
  end
  sleep(0)
  spawn(function() for i = 1, 10 do drip(a, ("%04d"):format(i)) end end)
  for i = 1, 10 do assert(fs[i]:join(5)) end
  for i = 1, 10 do eq(got[i], ("%04d"):format(i)) end
end

function test_waiting_for_a_turn_counts()
  local a, b = pair()
  local first = waiting(function() return b:recvn(2) end)
  local start = fiber.now()
  eq({b:recv(1, {timeout = 0.02})}, {nil, "timeout", ""})
  eq({b:recv(1, {timeout = 0})}, {nil, "timeout", ""})
  assert(fiber.now() - start < 2)
  local second = waiting(function()
    local t = fiber.now()
    local data, err = b:recv(1, {timeout = 1})
    return data, err, fiber.now() - t
  end)
  sleep(0.9)
  a:send("12")
  eq({first:join(5)}, {true, "12"})
  local ok, data, err, took = second:join(5)
  eq({ok, data, err}, {true, nil, "timeout"})
  assert(took < 1.7, "the time in the queue was not counted: " .. took)
end

function test_one_reads_while_another_writes()
  local a, b = pair()
  local echo = spawn(function()
    for s in b:chunks() do b:send(s) end
    b:shutdown("write")
  end)
  local data = ("0123456789abcdef"):rep(65536)
  local w = spawn(function() a:send(data) a:shutdown("write") end)
  assert(a:recvall({max = 2 ^ 24}) == data)
  assert(w:join(5) and echo:join(5))
end

function test_close_ends_all_readers()
  local a, b = pair()
  local fs = {}
  for i = 1, 10 do fs[i] = spawn(function() return b:recv() end) end
  eventually(function() return fs[10]:status() == "waiting" end)
  b:close()
  for i = 1, 10 do eq({fs[i]:join(5)}, {true, nil, "closed", ""}) end
end

function test_close_leaves_the_reader_what_came()
  for name, read in pairs(readers) do
    if name ~= "recv" then
      local a, b = pair()
      a:send("abc")
      local f = waiting(read, b)
      eventually(function() return b:getstats() == 3 end)
      b:close()
      eq({f:join(5)}, {true, nil, "closed", "abc"}, name)
    end
  end
end

function test_busy_readers_do_not_see_each_others_bytes()
  local n = 20
  local fs = {}
  for i = 1, n do
    local a, b = pair()
    local line = string.char(96 + i):rep(3000)
    fs[#fs + 1] = spawn(function()
      for _ = 1, 200 do a:send(line .. "\n") end
      a:close()
    end)
    fs[#fs + 1] = spawn(function()
      local lines = 0
      for got in b:lines() do
        lines = lines + 1
        if got ~= line then error("another connection's bytes") end
      end
      eq(lines, 200)
    end)
  end
  for _, f in ipairs(fs) do assert(f:join(8)) end
end

function test_a_reader_that_never_has_to_wait_lets_others_run()
  local a, b = pair()
  local n = 100000
  b:unrecv(("x\n"):rep(n))
  local ticks = 0
  local f = spawn(function()
    while true do
      ticks = ticks + 1
      sleep(0)
    end
  end)
  sleep(0)
  for _ = 1, n do b:recvline() end
  assert(ticks > 5, ticks)
  f:cancel()
end

-- sockets in other states

function test_reading_what_is_not_connected()
  local fresh = socket.tcp()
  local l = socket.listen("127.0.0.1", 0)
  local gone = socket.tcp()
  gone:close()
  for name, read in pairs(readers) do
    eq({read(fresh)}, {nil, "transport endpoint is not connected", ""}, name)
    eq({read(l)}, {nil, "transport endpoint is not connected", ""}, name)
    eq({read(gone)}, {nil, "closed", ""}, name)
  end
  raises(function() fresh:lines() end, "transport endpoint is not connected")
  raises(function() gone:chunks() end, "closed")
end

function test_shutdown_read()
  local a, b = pair()
  a:send("before")
  eventually(function() return b:recvn(1, {timeout = 1}) end)
  local f = waiting(function() return b:recvn(10) end)
  eq(b:shutdown("read"), true)
  eq({f:join(5)}, {true, nil, "closed", "efore"})
  eq({b:recv()}, {nil, "closed", ""})
  eq(b:send("x"), 1)
  eq(a:recv(), "x")
end

function test_stats()
  local a, b = pair()
  a:send("12345")
  eq(b:recvn(2), "12")
  local received, sent, age = b:getstats()
  eq({received, sent}, {5, 0})
  assert(age >= 0 and age < 60)
  local _, sent = a:getstats()
  eq(sent, 5)
end

-- Fibers that wait for much at once do not share the memory it comes to.
function test_bulk_reads_of_many_fibers_keep_their_data()
  local l = assert(socket.listen("127.0.0.1", 0))
  local readers, senders = {}, {}
  for i = 1, 8 do
    local a = assert(socket.connect(l:getsockname()))
    local b = assert(l:accept())
    local byte = string.char(64 + i)
    readers[i] = spawn(function()
      local kept, size = {}, 0
      while size < 2 ^ 20 do
        local data = assert(b:recv(65536))
        kept[#kept + 1], size = data, size + #data
      end
      for _, data in ipairs(kept) do assert(data == byte:rep(#data)) end
      return size
    end)
    senders[i] = spawn(function()
      for _ = 1, 16 do assert(a:send(byte:rep(65536))) sleep(0) end
    end)
  end
  for i = 1, 8 do eq({readers[i]:join(5)}, {true, 2 ^ 20}) end
end
