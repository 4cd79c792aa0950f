-- Coroutines as such; where they may yield is in anywhere_test.lua.

function test_values_go_both_ways()
  local co = coroutine.create(function(...)
    eq({n = select("#", ...), ...}, {n = 3, 1, nil, 3})
    eq({n = select("#", coroutine.yield()), coroutine.yield("a", nil)}, {n = 0, "x", nil, "z"})
    return nil, "end", nil
  end)
  local function count(...) return {n = select("#", ...), ...} end
  eq(count(coroutine.resume(co, 1, nil, 3)), {n = 1, true})
  eq(count(coroutine.resume(co)), {n = 3, true, "a"})
  eq(count(coroutine.resume(co, "x", nil, "z")), {n = 4, true, nil, "end"})
  eq(count(coroutine.resume(co)), {n = 2, false, "cannot resume dead coroutine"})
end

function test_many_values()
  local co = coroutine.wrap(function(...) return select("#", coroutine.yield(...)) end)
  local t = {}
  for i = 1, 10000 do t[i] = i end
  local r = {co(unpack(t))}
  eq(#r, 10000)
  eq(r[10000], 10000)
  eq(co(unpack(t)), 10000)
end

function test_status()
  local co
  local other = coroutine.create(function() eq(coroutine.status(co), "normal") end)
  co = coroutine.create(function()
    eq(coroutine.status(co), "running")
    eq(coroutine.running(), co)
    eq(coroutine.resume(other), true)
    coroutine.yield()
    error("end")
  end)
  eq(coroutine.running(), nil)
  eq(coroutine.status(co), "suspended")
  coroutine.resume(co)
  eq(coroutine.status(co), "suspended")
  coroutine.resume(co)
  eq(coroutine.status(co), "dead")
  eq(coroutine.status(other), "dead")
  eq(type(co), "thread")
  assert(tostring(co):find("^thread: "))
end

function test_wrong_use()
  raises(function() coroutine.create() end, "coroutine.create: argument 1: function expected, got nothing")
  raises(function() coroutine.wrap(7) end, "coroutine.wrap: argument 1: function expected, got 7")
  raises(function() coroutine.resume(7) end, "coroutine.resume: argument 1: coroutine expected, got 7")
  raises(function() coroutine.status() end, "coroutine.status: argument 1: coroutine expected, got nothing")
  raises(function() coroutine.yield() end, "attempt to yield from outside a coroutine")
  local co
  co = coroutine.create(function() return coroutine.resume(co) end)
  eq({coroutine.resume(co)}, {true, false, "cannot resume non-suspended coroutine"})
  local w
  w = coroutine.wrap(function() w() end)
  raises(w, "cannot resume non-suspended coroutine")
  raises(w, "cannot resume dead coroutine")
end

function test_errors_leave_by_resume_and_wrap()
  local e = {}
  local function bad() error(e) end
  eq({coroutine.resume(coroutine.create(bad))}, {false, e})
  eq({pcall(coroutine.wrap(bad))}, {false, e})
  eq({coroutine.resume(coroutine.create(function() error() end))}, {false, nil})
  local ok, err = coroutine.resume(coroutine.create(function() local x = nil; x() end))
  assert(err:find("^testdata/coroutine_test.lua:%d+: "), err)
end

function test_traceback_goes_through_coroutines()
  local function deepest() error("boo") end
  local inner = coroutine.wrap(function() deepest() end)
  local outer = coroutine.wrap(function() inner() end)
  local ok, err, trace = spawn(function() outer() end):join()
  eq(ok, nil)
  assert(err:find("coroutine_test.lua:%d+: boo"))
  local lines = {}
  for line in trace:gmatch("coroutine_test.lua:%d+: in function [^\n]*") do lines[#lines + 1] = line end
  assert(#lines == 4, trace)
  assert(trace:find("deepest.*inner.*outer"), trace)
end

function test_traceback_of_a_suspended_coroutine()
  local function stops() coroutine.yield() end
  local co = coroutine.create(function() stops() end)
  coroutine.resume(co)
  local trace = debug.traceback(co, "msg")
  assert(trace:find("^msg\nstack traceback:\n\t%[Go%]: in function 'coroutine.yield'\n\ttestdata/coroutine_test.lua:%d+: in function 'stops'"), trace)
end

function test_recursive_generators()
  local function permute(a, n)
    n = n or #a
    if n <= 1 then
      coroutine.yield(a)
    else
      for i = 1, n do
        a[n], a[i] = a[i], a[n]
        permute(a, n - 1)
        a[n], a[i] = a[i], a[n]
      end
    end
  end
  local seen, n = {}, 0
  for p in coroutine.wrap(function() permute({1, 2, 3, 4, 5}) end) do
    local key = table.concat(p, " ")
    assert(not seen[key])
    seen[key], n = true, n + 1
  end
  eq(n, 120)
  -- One coroutine a node.
  local function walk(t)
    return coroutine.wrap(function()
      if type(t) ~= "table" then return coroutine.yield(t) end
      for _, sub in ipairs(t) do
        for leaf in walk(sub) do coroutine.yield(leaf) end
      end
    end)
  end
  local leaves = {}
  for leaf in walk({1, {2, {3, {4, {}}}, 5}, 6}) do leaves[#leaves + 1] = leaf end
  eq(leaves, {1, 2, 3, 4, 5, 6})
end

function test_sieve_of_coroutines()
  local function from(n) return coroutine.wrap(function() while true do coroutine.yield(n) n = n + 1 end end) end
  local function without(p, gen)
    return coroutine.wrap(function()
      for n in gen do if n % p ~= 0 then coroutine.yield(n) end end
    end)
  end
  local gen, primes = from(2), {}
  for i = 1, 30 do
    primes[i] = gen()
    gen = without(primes[i], gen)
  end
  eq(primes[30], 113)
end

function test_resumes_stop_at_200()
  local depth = 0
  local function deeper()
    depth = depth + 1
    local ok, err = coroutine.resume(coroutine.create(deeper))
    if not ok then error(err, 0) end
  end
  raises(deeper, "too many nested coroutines (limit 200)")
  eq(depth, 201)
  -- Everything goes on afterwards.
  eq(coroutine.wrap(function() return 7 end)(), 7)
end

function test_upvalues_are_shared_between_coroutines()
  local n = 0
  local function make() return coroutine.wrap(function() while true do n = n + 1 coroutine.yield(n) end end) end
  local a, b = make(), make()
  eq({a(), b(), a()}, {1, 2, 3})
  n = 10
  eq({b(), n}, {11, 11})
end

function test_each_coroutine_may_change_fibers()
  local co = coroutine.create(function()
    for i = 1, 10 do
      coroutine.yield(fiber.self())
      sleep(0)
    end
  end)
  for i = 1, 5 do
    local f = spawn(function()
      local ok, who = coroutine.resume(co)
      eq(who, fiber.self())
      return ok
    end)
    eq({f:join()}, {true, true})
    eq({coroutine.resume(co)}, {true, fiber.self()})
  end
end

function test_one_that_waits_cannot_be_resumed_by_another_fiber()
  local q = fiber.queue()
  local co = coroutine.create(function() return q:get() end)
  local f = spawn(function() return coroutine.resume(co) end):name("first")
  sleep(0)
  eq(coroutine.status(co), "running")
  local ok, err = coroutine.resume(co)
  eq(ok, false)
  assert(err:find("^cannot resume non%-suspended coroutine %(it runs in fiber %d+ %(first%)%)$"), err)
  q:put("v")
  eq({f:join()}, {true, true, "v"})
  eq(coroutine.status(co), "dead")
end

function test_two_fibers_in_two_coroutines()
  -- The waits of one must not confuse which thread is running in the other.
  local function worker(id)
    local gen = coroutine.wrap(function()
      for i = 1, 50 do
        sleep(0)
        coroutine.yield(id * 1000 + i)
        sleep(0)
      end
    end)
    for i = 1, 50 do eq(gen(), id * 1000 + i) end
  end
  local all = {}
  for id = 1, 20 do all[id] = spawn(worker, id) end
  for id = 1, 20 do assert(all[id]:join()) end
end

function test_a_million_yields()
  local co = coroutine.wrap(function()
    local n = 0
    while true do n = n + coroutine.yield(n) end
  end)
  co()
  local rounds = SLOW and 100000 or 1000000
  for _ = 1, rounds do co(1) end
  eq(co(0), rounds)
end

-- lua-coxpcall, as Debian has it: it finds pcall safe and uses it, and where it
-- is made to believe the contrary its own works as well.
function test_coxpcall()
  local path = "/usr/share/lua/5.1/coxpcall.lua"
  if not loadfile(path) then skip(path .. " is not there (Debian: lua-coxpcall)") end
  local function check(m)
    local co = coroutine.wrap(function()
      local ok, v = m.pcall(function(a) return a + coroutine.yield("y1") end, 1)
      eq({ok, v}, {true, 11})
      local ok, err = m.pcall(function() coroutine.yield("y2") error("boo", 0) end)
      eq(ok, false)
      assert(err:find("boo"))
      local ok, err = m.xpcall(function() sleep(0) coroutine.yield("y3") error("boo") end, function(e) return {e} end)
      eq(ok, false)
      assert(err[1]:find("boo"))
      return "end"
    end)
    eq({co(), co(10), co(), co()}, {"y1", "y2", "y3", "end"})
    eq({m.pcall(error, "outside")}, {false, "outside"})
  end
  local m = dofile(path)
  eq(m.pcall, pcall)
  check(m)
  local unsafe = setmetatable({pcall = function(f, ...)
    if f == coroutine.yield then return false end
    return pcall(f, ...)
  end}, {__index = _G})
  local own = setfenv(loadfile(path), unsafe)()
  assert(own.pcall ~= pcall)
  check(own)
end
