-- Waits until a condition holds; nothing here needs a fixed pause.
local function eventually(cond)
  local give_up = fiber.now() + 5
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

local function waiting(f) return function() return f:status() == "waiting" end end

-- spawn, join

function test_join_gives_the_results()
  eq({spawn(function(...) return select("#", ...), ... end, 1, nil, 3):join()}, {true, 3, 1, nil, 3})
  eq({spawn(function() end):join()}, {true})
  local f = spawn(function() return "again" end)
  for _ = 1, 3 do eq({f:join()}, {true, "again"}) end
end

function test_many_join_one()
  local f = spawn(function() sleep(0.01) return "x" end)
  local all = {}
  for i = 1, 20 do all[i] = spawn(function() return f:join() end) end
  for i = 1, 20 do eq({all[i]:join()}, {true, true, "x"}) end
end

function test_join_gives_the_error_as_raised()
  for _, raised in ipairs({{}, 7, true, function() end}) do
    local ok, err, trace = spawn(function() error(raised, 0) end):join()
    eq(ok, nil)
    eq(type(err) == "number" or err == "7" or err == raised, true)
    eq(type(trace), "string")
  end
  local ok, err, trace = spawn(function() error() end):join()
  eq({ok, err, type(trace)}, {nil, nil, "string"})
  local ok, err, trace = spawn(function() local x = nil; return x.y end):join()
  assert(err:find("^fiber_test.lua:%d+: "), err)
  assert(trace:find("stack traceback:\n\tfiber_test.lua:"), trace)
end

function test_join_times_out()
  local f = spawn(sleep, 60)
  local start = fiber.now()
  eq({f:join(0.02)}, {nil, "timeout"})
  assert(fiber.now() - start >= 0.02)
  eq({f:join(0)}, {nil, "timeout"})
  f:cancel()
  eq({f:join()}, {nil, "cancelled", select(3, f:join())})
end

function test_join_of_oneself()
  raises(function() fiber.self():join() end, "fiber:join: a fiber cannot wait for itself")
  raises(function() fiber.select({fiber.self()}) end, "fiber.select: a fiber cannot wait for itself")
end

function test_fibers_start_in_order()
  local order = {}
  for i = 1, 50 do spawn(function() order[i] = #order + 1 end) end
  eq(#order, 0, "a fiber is alone until it waits")
  sleep(0)
  eq(#order, 50)
  for i = 1, 50 do eq(order[i], i) end
end

function test_spawn_of_a_go_function()
  eq({spawn(string.rep, "x", 3):join()}, {true, "xxx"})
  eq({spawn(math.max, 1, 5, 2):join()}, {true, 5})
end

function test_names()
  local f = spawn(function() end)
  eq(f:name(), nil)
  eq(tostring(f), "fiber " .. f:id())
  eq(f:name("reader"), f)
  eq(f:name(), "reader")
  eq(tostring(f), "fiber " .. f:id() .. " (reader)")
  local g = spawn(function() end)
  assert(g:id() > f:id())
end

function test_a_fiber_is_one_value()
  local me = fiber.self()
  local inside
  local f = spawn(function() inside = fiber.self() end)
  f:join()
  local t = {[f] = "f", [me] = "me"}
  eq(t[inside], "f")
  eq(t[fiber.self()], "me")
end

function test_list()
  local f = spawn(sleep, 60)
  local found = false
  for _, g in ipairs(fiber.list()) do found = found or g == f end
  assert(found)
  eq(fiber.list()[1], fiber.self())
  f:cancel()
  f:join()
  for _, g in ipairs(fiber.list()) do assert(g ~= f) end
end

function test_status()
  local f = spawn(sleep, 60)
  eq(f:status(), "ready")
  eq(fiber.self():status(), "running")
  sleep(0)
  eq(f:status(), "waiting")
  f:cancel()
  f:join()
  eq(f:status(), "cancelled")
  local g = spawn(function() end)
  g:join()
  eq(g:status(), "done")
  g:cancel()
  eq(g:status(), "done")
  local h = spawn(error)
  h:join()
  eq(h:status(), "failed")
  eq(fiber.after(60, print):status(), "timer")
end

function test_wrong_arguments()
  raises(function() fiber.spawn() end, "fiber_test.lua:%d+: fiber.spawn: fn: function expected, got nothing")
  raises(function() spawn(7) end, "spawn: fn: function expected, got 7")
  raises(function() sleep() end, "sleep: s: number expected, got nothing")
  raises(function() fiber.sleep({}) end, "fiber.sleep: s: number expected, got a table")
  raises(function() sleep(0 / 0) end, "sleep: s: seconds (a number) expected, got")
  raises(function() fiber.after(1) end, "fiber.after: fn: function expected, got nothing")
  raises(function() fiber.every(0, print) end, "fiber.every: s: seconds above 0 expected, got 0")
  raises(function() fiber.every(1, 1) end, "fiber.every: fn: function expected, got 1")
  raises(function() fiber.defer() end, "fiber.defer: fn: function expected, got nothing")
  raises(function() fiber.queue(-1) end, "fiber.queue: capacity: integer 0..1073741824 expected, got -1")
  raises(function() fiber.queue():put(nil) end, "queue:put: v: value other than nil expected, got nil")
  raises(function() fiber.queue():put() end, "queue:put: v: value other than nil expected, got nothing")
  raises(function() fiber.queue():get("x") end, 'queue:get: timeout: seconds (a number) or nil expected, got "x"')
  raises(function() fiber.queue().get() end, "queue expected before the colon")
  raises(function() fiber.self().join(7) end, "fiber expected before the colon, got 7")
  raises(function() fiber.select() end, "fiber.select: list: table expected, got nothing")
  raises(function() fiber.select({fiber.queue(), 7}) end, "fiber.select: list: list of queues and fibers expected, got 7 at index 2")
  raises(function() fiber.select({}) end, "fiber.select: nothing to wait for")
end

-- errors

function test_an_error_ends_its_fiber_alone()
  expect_log("^%[fiber %d+ bad%] error: fiber_test.lua:%d+: boo\nstack traceback:\n")
  local other = spawn(function() sleep(0.01) return "fine" end)
  local bad = spawn(function() error("boo") end):name("bad")
  eq({other:join()}, {true, "fine"})
  eq(bad:status(), "failed")
end

function test_a_taken_error_is_not_printed()
  local f = spawn(function() sleep(0.01) error("taken") end)
  local ok, err = f:join()
  assert(not ok and err:find("taken"))
  local g = spawn(function() sleep(0.01) error("taken") end)
  local i, ok, err = fiber.select({g})
  assert(i == 1 and not ok and err:find("taken"))
end

function test_an_error_after_a_timeout_is_printed()
  expect_log("late")
  local f = spawn(function() sleep(0.02) error("late") end)
  f:join(0.001)
  eventually(function() return f:status() == "failed" end)
end

function test_an_error_with_tostring_is_printed_by_it()
  expect_log("] error: my own words\n")
  spawn(function() error(setmetatable({}, {__tostring = function() return "my own words" end})) end)
  sleep(0)
end

-- cancel

function test_cancel_before_the_start()
  local ran = false
  local f = spawn(function() ran = true end)
  f:cancel()
  local ok, err = f:join()
  eq({ok, err, ran}, {nil, "cancelled", false})
end

function test_cancel_of_oneself()
  local after = false
  local f = spawn(function()
    fiber.self():cancel()
    after = true
  end)
  local ok, err = f:join()
  eq({ok, err, after}, {nil, "cancelled", false})
end

function test_a_cancelled_fiber_is_not_printed()
  local f = spawn(sleep, 60)
  sleep(0)
  f:cancel()
  eventually(function() return f:status() == "cancelled" end)
end

function test_cancel_runs_clean_up_once_even_if_repeated()
  local log = {}
  local f = spawn(function()
    fiber.defer(function()
      log[#log + 1] = "begin"
      sleep(0.02)
      log[#log + 1] = "end"
    end)
    sleep(60)
  end)
  sleep(0)
  f:cancel()
  eventually(function() return #log == 1 end)
  f:cancel()
  f:join()
  eq(log, {"begin", "end"})
end

-- defer

function test_defer_runs_in_reverse_order()
  for _, how in ipairs({"return", "error", "cancel"}) do
    local log = {}
    local f = spawn(function()
      for i = 1, 3 do
        fiber.defer(function()
          sleep(0.001)
          log[#log + 1] = i
        end)
      end
      if how == "error" then error("x") end
      if how == "cancel" then sleep(60) end
    end)
    sleep(0)
    if how == "cancel" then f:cancel() end
    f:join()
    eq(log, {3, 2, 1}, how)
  end
end

function test_defer_runs_after_a_stack_overflow()
  local ran = false
  local f = spawn(function()
    fiber.defer(function() ran = pcall(string.rep, "x", 3) end)
    local function deep() return 1 + deep() end
    deep()
  end)
  local ok, err = f:join()
  assert(err:find("stack overflow"), err)
  eq(ran, true)
end

function test_an_error_in_clean_up_is_printed_and_the_rest_runs()
  expect_log("error: fiber_test.lua:%d+: in clean%-up\nstack traceback")
  local ran = 0
  local f = spawn(function()
    fiber.defer(function() ran = ran + 1 end)
    fiber.defer(function() error("in clean-up") end)
    fiber.defer(function() ran = ran + 1 end)
    return "result"
  end)
  eq({f:join()}, {true, "result"})
  eq(ran, 2)
end

function test_defer_inside_clean_up()
  local log = {}
  local f = spawn(function()
    fiber.defer(function() log[#log + 1] = "last" end)
    fiber.defer(function()
      fiber.defer(function() log[#log + 1] = "second" end)
      log[#log + 1] = "first"
    end)
  end)
  f:join()
  eq(log, {"first", "second", "last"})
end

function test_clean_up_ends_after_a_second()
  expect_log("clean-up took too long")
  local f = spawn(function()
    fiber.defer(function() error("never") end)
    fiber.defer(function() while true do pcall(sleep, 0.001) end end)
    return "result"
  end)
  local start = fiber.now()
  eq({f:join(5)}, {true, "result"})
  local took = fiber.now() - start
  assert(took > 0.9 and took < 4, took)
end

-- time

function test_sleep_takes_its_time()
  for _, s in ipairs({0.001, 0.02, "0.01"}) do
    local start = fiber.now()
    sleep(s)
    local took = fiber.now() - start
    assert(took >= tonumber(s) and took < 5, took)
  end
end

function test_sleep_of_nothing()
  local n = 0
  spawn(function() n = n + 1 end)
  sleep(-5)
  eq(n, 1)
  spawn(function() n = n + 1 end)
  sleep(-math.huge)
  eq(n, 2)
end

function test_sleep_for_ever()
  local f = spawn(sleep, math.huge)
  local g = spawn(sleep, 1e300)
  sleep(0)
  eq({f:status(), g:status()}, {"waiting", "waiting"})
end

function test_after()
  local start = fiber.now()
  local f = fiber.after(0.01, function(...) return fiber.now(), ... end, 1, nil, 2)
  local ok, at, a, b, c = f:join()
  assert(at - start >= 0.01)
  eq({a, b, c}, {1, nil, 2})
  local ran = false
  local g = fiber.after(0.005, function() ran = true end)
  g:cancel()
  local ok, err = g:join()
  eq({ok, err, g:status()}, {nil, "cancelled", "cancelled"})
  sleep(0.01)
  eq(ran, false)
  eq({fiber.after(0, function() return "now" end):join()}, {true, "now"})
end

function test_every_keeps_its_rhythm()
  local period, at = 0.01, {}
  local start = fiber.now()
  local f = fiber.every(period, function(a, b)
    eq({a, b}, {"a", nil})
    at[#at + 1] = fiber.now() - start
    if #at == 5 then fiber.self():cancel() end
  end, "a", nil)
  f:join()
  for i = 1, 5 do
    -- Never early. How late is the machine's business, but what is late does
    -- not push back what follows.
    assert(at[i] >= i * period - 0.001, at[i])
  end
end

function test_every_does_not_overlap()
  local inside, most, calls = 0, 0, 0
  local f = fiber.every(0.001, function()
    inside = inside + 1
    most = math.max(most, inside)
    sleep(0.004)
    inside = inside - 1
    calls = calls + 1
    if calls == 4 then fiber.self():cancel() end
  end)
  local start = fiber.now()
  f:join()
  eq(most, 1)
  assert(fiber.now() - start >= 0.016)
end

function test_every_that_overruns_lets_others_run()
  local f = fiber.every(0.000001, function() end)
  local n = 0
  spawn(function() for _ = 1, 100 do sleep(0) n = n + 1 end end):join()
  eq(n, 100)
  f:cancel()
end

function test_every_ends_by_an_error()
  local n = 0
  local f = fiber.every(0.001, function() n = n + 1 if n == 3 then error("third") end end)
  local ok, err = f:join()
  assert(not ok and err:find("third"))
  eq(n, 3)
end

-- queues

function test_queue_keeps_order()
  local q = fiber.queue()
  for i = 1, 5000 do eq(q:put(i), true) end
  eq(q:len(), 5000)
  for i = 1, 2500 do eq(q:get(), i) end
  for i = 5001, 6000 do q:put(i) end
  for i = 2501, 6000 do eq(q:get(), i) end
  eq(q:len(), 0)
  q:put(false)
  eq(q:get(), false)
end

function test_queue_tostring()
  local q = fiber.queue(3)
  q:put(1)
  eq(tostring(q), "queue 1/3")
  q:close()
  eq(tostring(q), "queue 1/3 closed")
  eq(tostring(fiber.queue()), "queue 0")
end

function test_put_waits_while_full()
  local q = fiber.queue(2)
  local log = {}
  local f = spawn(function()
    for i = 1, 5 do
      q:put(i)
      log[#log + 1] = i
    end
  end)
  sleep(0)
  eq(#log, 2)
  eq(q:get(), 1)
  eq(q:len(), 2)
  for i = 2, 5 do eq(q:get(), i) end
  f:join()
  eq(log, {1, 2, 3, 4, 5})
end

function test_rendezvous()
  local q = fiber.queue(0)
  eq({q:put("nobody there", 0)}, {nil, "timeout"})
  eq({q:get(0)}, {nil, "timeout"})
  local f = spawn(function() return q:put("x") end)
  sleep(0)
  eq({q:len(), f:status()}, {0, "waiting"})
  eq(q:get(0), "x")
  eq({f:join()}, {true, true})
  local g = spawn(function() return q:get() end)
  sleep(0)
  eq(q:put("y", 0), true)
  eq({g:join()}, {true, "y"})
end

function test_getters_are_served_in_order()
  local q, got = fiber.queue(), {}
  local all = {}
  for i = 1, 50 do
    all[i] = spawn(function() got[i] = q:get() end)
  end
  sleep(0)
  for i = 1, 50 do q:put(i) end
  q:put("late")
  eq(q:get(0), "late", "nobody overtakes those who wait")
  for i = 1, 50 do
    all[i]:join()
    eq(got[i], i)
  end
end

function test_putters_are_served_in_order()
  local q = fiber.queue(1)
  q:put(0)
  for i = 1, 50 do spawn(function() q:put(i) end) end
  sleep(0)
  for i = 0, 50 do eq(q:get(), i) end
end

function test_timeouts_leave_no_trace()
  local q = fiber.queue()
  eq({q:get(0.001)}, {nil, "timeout"})
  q:put("for the next")
  eq(q:get(0), "for the next")
  local r = fiber.queue(0)
  eq({r:put("not taken", 0.001)}, {nil, "timeout"})
  eq({r:get(0)}, {nil, "timeout"})
end

function test_cancelled_waiters_leave_no_trace()
  local q = fiber.queue()
  local gone = spawn(function() return q:get() end)
  local stays = spawn(function() return q:get() end)
  sleep(0)
  gone:cancel()
  gone:join()
  q:put("v")
  eq({stays:join()}, {true, "v"})
  local r = fiber.queue(0)
  local gone = spawn(function() r:put("gone") end)
  local stays = spawn(function() r:put("stays") end)
  sleep(0)
  gone:cancel()
  gone:join()
  eq(r:get(), "stays")
  eq({r:get(0)}, {nil, "timeout"})
end

function test_what_a_cancelled_fiber_was_handed_goes_on()
  -- Handed and cancelled before it could run: the value goes to the next...
  local q = fiber.queue()
  local first = spawn(function() return q:get() end)
  local second = spawn(function() return q:get() end)
  sleep(0)
  q:put("v")
  first:cancel()
  eq({second:join()}, {true, "v"})
  local ok, err = first:join()
  eq({ok, err}, {nil, "cancelled"})
  -- ... or back to the front,
  local third = spawn(function() return q:get() end)
  sleep(0)
  q:put(1)
  q:put(2)
  third:cancel()
  third:join()
  eq({q:get(0), q:get(0), q:len()}, {1, 2, 0})
  -- also when a select was handed it.
  local other = fiber.queue()
  local fourth = spawn(function() return fiber.select({other, q}) end)
  sleep(0)
  q:put("w")
  fourth:cancel()
  fourth:join()
  eq(q:get(0), "w")
  eq({other:get(0)}, {nil, "timeout"})
end

function test_no_value_is_lost_or_doubled_in_a_storm()
  local q, taken, seen = fiber.queue(3), 0, {}
  local function getter()
    while true do
      local v, err = q:get(0.0005)
      if v then
        -- No wait between the two: what get gave has arrived.
        assert(not seen[v])
        seen[v] = true
        taken = taken + 1
      elseif err == "closed" then
        return
      end
    end
  end
  local getters = {}
  for i = 1, 10 do getters[i] = spawn(getter) end
  local killer = spawn(function()
    while true do
      sleep(0.0007)
      local i = math.random(#getters)
      getters[i]:cancel()
      getters[i] = spawn(getter)
    end
  end)
  local putters = {}
  for p = 1, 5 do
    putters[p] = spawn(function()
      for i = 1, 200 do
        assert(q:put(p * 1000 + i))
        if i % 10 == 0 then sleep(0.001) end
      end
    end)
  end
  for p = 1, 5 do assert(putters[p]:join()) end
  killer:cancel()
  q:close()
  for _, f in ipairs(fiber.list()) do
    if f ~= fiber.self() then f:join() end
  end
  eq(taken, 1000)
end

function test_close()
  local q, full = fiber.queue(1), fiber.queue(0)
  local g = spawn(function() return q:get() end)
  local p = spawn(function() return full:put("x") end)
  local s = spawn(function() return fiber.select({q}) end)
  sleep(0)
  q:close()
  full:close()
  eq({g:join()}, {true, nil, "closed"})
  eq({p:join()}, {true, nil, "closed"})
  local ok, i, v, err = s:join()
  eq({ok, v, err}, {true, nil, "closed"})
  eq({q:put(1)}, {nil, "closed"})
  eq({q:get()}, {nil, "closed"})
  eq({q:put(1, 0)}, {nil, "closed"})
  q:close()
end

function test_close_leaves_what_is_there()
  local q = fiber.queue()
  q:put(1)
  q:put(2)
  q:close()
  eq({q:get()}, {1})
  eq({q:get()}, {2})
  eq({q:get()}, {nil, "closed"})
end

function test_values()
  local q = fiber.queue(1)
  spawn(function()
    for i = 1, 10 do q:put(i) end
    q:close()
  end)
  local got = {}
  for v in q:values() do got[#got + 1] = v end
  eq(got, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
end

function test_values_with_numbers_that_look_like_timeouts()
  local q = fiber.queue()
  local sum = 0
  local f = spawn(function() for v in q:values() do sum = sum + v end end)
  sleep(0)
  q:put(0)
  sleep(0)
  sleep(0.001)
  q:put(0.001)
  sleep(0.01)
  q:put(5)
  q:close()
  assert(f:join())
  eq(sum, 5.001)
end

-- select

function test_select_takes_from_one_only()
  local a, b = fiber.queue(), fiber.queue()
  a:put("a")
  b:put("b")
  local i, v = fiber.select({a, b})
  eq(v, ({"a", "b"})[i])
  eq(a:len() + b:len(), 1)
end

function test_select_is_woken_by_the_first()
  local a, b = fiber.queue(), fiber.queue(0)
  local f = spawn(function() return fiber.select({a, b}) end)
  sleep(0)
  eq(b:put("b", 0), true)
  a:put("stays")
  eq({f:join()}, {true, 2, "b"})
  eq(a:get(0), "stays")
end

function test_select_takes_from_a_waiting_put()
  local q = fiber.queue(0)
  local p = spawn(function() return q:put("x") end)
  sleep(0)
  eq({fiber.select({q}, 0)}, {1, "x"})
  eq({p:join()}, {true, true})
end

function test_select_of_fibers()
  local slow = spawn(sleep, 60)
  local quick = fiber.after(0.005, function() return "a", nil, "c" end)
  eq({fiber.select({slow, quick})}, {2, true, "a", nil, "c"})
  local bad = spawn(error, "boo")
  local i, ok, err, trace = fiber.select({slow, bad}, 5)
  eq({i, ok, err, type(trace)}, {2, nil, "boo", "string"})
  slow:cancel()
  local i, ok, err = fiber.select({slow, slow})
  eq({ok, err}, {nil, "cancelled"})
end

function test_select_of_a_closed_queue()
  local a, b = fiber.queue(), fiber.queue()
  local f = spawn(function() return fiber.select({a, b}) end)
  sleep(0)
  b:close()
  eq({f:join()}, {true, 2, nil, "closed"})
end

function test_select_times_out()
  local q = fiber.queue()
  eq({fiber.select({q}, 0)}, {nil, "timeout"})
  eq({fiber.select({q}, 0.005)}, {nil, "timeout"})
  eq({fiber.select({}, 0.001)}, {nil, "timeout"})
  q:put("after")
  eq(q:get(0), "after")
end

function test_select_is_fair()
  local a, b, c = fiber.queue(), fiber.queue(), fiber.queue()
  local n = {0, 0, 0}
  for _ = 1, 600 do
    a:put(1)
    b:put(1)
    n[fiber.select({c, a, b})] = n[fiber.select({c, a, b})] + 1
  end
  eq(n[1], 0)
  assert(n[2] > 150 and n[3] > 150, n[2] .. " and " .. n[3])
end

function test_cancel_of_a_select()
  local a, b = fiber.queue(), fiber.queue()
  local f = spawn(function() return fiber.select({a, b, spawn(sleep, 60)}) end)
  sleep(0)
  f:cancel()
  local ok, err = f:join(1)
  eq(err, "cancelled")
  a:put(1)
  b:put(2)
  eq({a:get(0), b:get(0)}, {1, 2})
end

-- taking turns

function test_everybody_takes_turns()
  local there, back = fiber.queue(), fiber.queue()
  spawn(function() for v in there:values() do back:put(v) end end)
  local rounds = 0
  spawn(function()
    while true do
      there:put(1)
      back:get()
      rounds = rounds + 1
    end
  end)
  -- A ping-pong never keeps a third waiting, nor is it kept waiting: whoever is
  -- woken is in the queue at once.
  for _ = 1, 100 do sleep(0) end
  assert(rounds >= 40 and rounds <= 1000, rounds)
end

function test_woken_fibers_run_in_order()
  local q, order = fiber.queue(), {}
  for i = 1, 20 do spawn(function()
      local v = q:get()
      order[#order + 1] = v
    end) end
  sleep(0)
  for i = 1, 20 do q:put(i) end
  sleep(0)
  eq(#order, 20)
  for i = 1, 20 do eq(order[i], i) end
end

function test_a_queue_that_never_waits_starves_nobody()
  local q = fiber.queue()
  local f = spawn(function()
    while true do
      q:put(1)
      q:get()
    end
  end)
  local n = 0
  for _ = 1, 20 do
    sleep(0)
    n = n + 1
  end
  eq(n, 20)
  f:cancel()
end

function test_a_fiber_is_alone_between_waits()
  local counter = 0
  local all = {}
  for i = 1, 20 do
    all[i] = spawn(function()
      for _ = 1, 50 do
        local seen = counter
        for _ = 1, 100 do end
        counter = seen + 1
        sleep(0)
      end
    end)
  end
  for i = 1, 20 do all[i]:join() end
  eq(counter, 1000)
end
