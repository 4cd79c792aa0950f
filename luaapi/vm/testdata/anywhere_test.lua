-- Waiting and yielding work in every place from which Lua code is called. Each
-- place is a function that is given what to call there, calls it a few times
-- and checks that the call's surroundings have survived.

local places = {}

-- Each call of wait must answer 7.
local function called(wait)
  local v = wait()
  if v ~= 7 then error("wait answered " .. tostring(v), 2) end
end

function places.pcall(wait)
  local ok, a, b = pcall(function() called(wait) return 1, 2 end)
  eq({ok, a, b}, {true, 1, 2})
  local ok, err = pcall(function() called(wait) error({"as raised"}) end)
  eq({ok, err}, {false, {"as raised"}})
  local ok, err = pcall(pcall, pcall, function() called(wait) error("inner", 0) end)
  eq(ok, true)
end

function places.pcall_direct(wait)
  eq({pcall(wait)}, {true, 7})
end

function places.xpcall(wait)
  local ok, a = xpcall(function() called(wait) return 1 end, print)
  eq({ok, a}, {true, 1})
  local ok, err = xpcall(function() called(wait) error("x", 0) end, function(e) return e .. "!" end)
  eq({ok, err}, {false, "x!"})
end

function places.xpcall_handler(wait)
  local ok, err = xpcall(function() error("x", 0) end, function(e) called(wait) return e .. "!" end)
  eq({ok, err}, {false, "x!"})
end

function places.index(wait)
  local t = setmetatable({}, {__index = function(_, k) called(wait) return k .. "!" end})
  eq(t.a .. t.b, "a!b!")
end

function places.newindex(wait)
  local seen = {}
  local t = setmetatable({}, {__newindex = function(_, k, v) called(wait) seen[k] = v end})
  t.a, t.b = 1, 2
  eq(seen, {a = 1, b = 2})
end

function places.call(wait)
  local t = setmetatable({}, {__call = function(_, a) called(wait) return a + 1 end})
  eq(t(1) + t(2), 5)
end

function places.operators(wait)
  local mt = {}
  local function new(v) return setmetatable({v = v}, mt) end
  mt.__add = function(a, b) called(wait) return new(a.v + b.v) end
  mt.__concat = function(a, b) called(wait) return "(" .. a.v .. "," .. b.v .. ")" end
  mt.__eq = function(a, b) called(wait) return a.v == b.v end
  mt.__lt = function(a, b) called(wait) return a.v < b.v end
  mt.__unm = function(a) called(wait) return new(-a.v) end
  eq((new(1) + new(2)).v, 3)
  eq(new(1) .. new(2), "(1,2)")
  assert(new(1) == new(1) and new(1) ~= new(2) and new(1) < new(2))
  eq((-new(5)).v, -5)
end

function places.tostring(wait)
  local v = setmetatable({}, {__tostring = function() called(wait) return "text" end})
  eq(tostring(v) .. tostring(v), "texttext")
end

function places.iterator(wait)
  local sum = 0
  local function upto(n, i)
    called(wait)
    if i < n then return i + 1 end
  end
  for i in upto, 4, 0 do sum = sum + i end
  eq(sum, 10)
end

function places.loop_in_an_iterator(wait)
  local sum = 0
  for _, v in ipairs({1, 2, 3}) do
    for _, w in pairs({a = 1, b = 2}) do
      called(wait)
      sum = sum + v * w
    end
  end
  eq(sum, 18)
end

function places.sort(wait)
  local t = {3, 1, 2, 5, 4}
  local calls = 0
  table.sort(t, function(a, b)
    calls = calls + 1
    if calls <= 3 then called(wait) end
    return a < b
  end)
  eq(t, {1, 2, 3, 4, 5})
end

function places.gsub(wait)
  local s, n = ("a-b-c"):gsub("%a", function(c) called(wait) return c:upper() end)
  eq({s, n}, {"A-B-C", 3})
end

function places.load(wait)
  local pieces, i = {"return ", "1 ", "+ 2"}, 0
  local fn = load(function()
    called(wait)
    i = i + 1
    return pieces[i]
  end)
  eq(fn(), 3)
end

function places.coroutine_create(wait)
  local co = coroutine.create(function(a)
    called(wait)
    local b = coroutine.yield(a + 1)
    called(wait)
    return b * 2
  end)
  -- A yield of wait's own comes through here: it is handed on.
  local function resume(...)
    local r = {coroutine.resume(co, ...)}
    while r[2] == "wait" do r = {coroutine.resume(co, coroutine.yield("wait"))} end
    return unpack(r)
  end
  eq({resume(1)}, {true, 2})
  eq({resume(21)}, {true, 42})
  eq(coroutine.status(co), "dead")
end

function places.coroutine_wrap(wait)
  local inner = coroutine.wrap(function()
    for i = 1, 2 do
      called(wait)
      coroutine.yield(i)
    end
  end)
  local outer = coroutine.wrap(function()
    while true do
      local v = inner()
      while v == "wait" do v = inner(coroutine.yield("wait")) end
      if v == nil then return nil end
      coroutine.yield(v)
    end
  end)
  local got, v = {}, outer()
  while v do
    if v == "wait" then
      v = outer(coroutine.yield("wait"))
    else
      got[#got + 1] = v
      v = outer()
    end
  end
  eq(got, {1, 2})
end

local modules = 0
function places.require(wait)
  modules = modules + 1
  local name = "waits" .. modules
  package.preload[name] = function(n)
    called(wait)
    return {name = n}
  end
  eq(require(name), {name = name})
  eq(require(name), require(name))
end

function places.dofile(wait)
  WAIT = WAIT or {}
  WAIT[coroutine.running() or fiber.self()] = function() called(wait) return "value" end
  eq(dofile("testdata/waits.lua"), "value")
end

function places.all_at_once(wait)
  local t = setmetatable({}, {__index = function(t, k)
    local s = ("x"):gsub("x", function()
      local list = {2, 1}
      table.sort(list, function(a, b)
        assert(pcall(called, wait))
        return a < b
      end)
      return list[1]
    end)
    return s
  end})
  local ok, v = pcall(function() return t.k end)
  eq({ok, v}, {true, "1"})
end

-- What makes a wait of each kind.

local function sleeps(place)
  local all = {}
  for i = 1, 100 do
    all[i] = spawn(function()
      local n = 0
      place(function()
        n = n + 1
        sleep(n % 3 / 10000)
        return 7
      end)
      assert(n > 0)
      return i
    end)
  end
  for i = 1, 100 do
    local ok, v, trace = all[i]:join()
    if not ok then error(tostring(v) .. "\n" .. tostring(trace), 0) end
    eq(v, i)
  end
end

local function queues(place)
  local q = fiber.queue()
  local all = {}
  for i = 1, 20 do
    all[i] = spawn(place, function() return q:get() end)
  end
  local feeder = spawn(function()
    while true do
      q:put(7)
      sleep(0)
    end
  end)
  for i = 1, 20 do assert(all[i]:join()) end
  feeder:cancel()
end

local function yields(place)
  local all = {}
  for i = 1, 100 do
    all[i] = coroutine.create(function()
      place(function() return coroutine.yield("wait") end)
      return "end"
    end)
  end
  -- All are under way at once, in an order of their own.
  local left = 100
  while left > 0 do
    left = 0
    for i = 1, 100 do
      local co = all[(i * 37) % 100 + 1]
      if coroutine.status(co) ~= "dead" then
        local ok, v = coroutine.resume(co, 7)
        if not ok then error(debug.traceback(co, v), 0) end
        assert(v == "wait" or v == "end", tostring(v))
        left = left + 1
      end
    end
  end
end

-- Coroutines that yield and sleep, in fibers.
local function both(place)
  local all = {}
  for i = 1, 30 do
    all[i] = spawn(function()
      local co = coroutine.wrap(function()
        place(function()
          sleep(0)
          return coroutine.yield("wait")
        end)
        return "end"
      end)
      local v = co()
      while v ~= "end" do
        sleep(0)
        v = co(7)
      end
    end)
  end
  for i = 1, 30 do
    local ok, err, trace = all[i]:join()
    if not ok then error(tostring(err) .. "\n" .. tostring(trace), 0) end
  end
end

for name, place in pairs(places) do
  _G["test_sleep_in_" .. name] = function() sleeps(place) end
  _G["test_get_in_" .. name] = function() queues(place) end
  _G["test_yield_in_" .. name] = function() yields(place) end
  _G["test_yield_and_sleep_in_" .. name] = function() both(place) end
end

function test_one_module_is_loaded_once_by_100_fibers()
  local loads = 0
  package.preload.slow = function()
    loads = loads + 1
    sleep(0.01)
    return {}
  end
  local all = {}
  for i = 1, 100 do all[i] = spawn(require, "slow") end
  for i = 1, 100 do
    local ok, m = all[i]:join()
    assert(ok and m == require("slow"))
  end
  eq(loads, 1)
end

function test_a_module_that_fails_is_tried_again()
  local loads = 0
  package.preload.bad = function()
    loads = loads + 1
    sleep(0.005)
    if loads == 1 then error("not yet") end
    return "loaded"
  end
  local first, second = spawn(require, "bad"), spawn(require, "bad")
  local ok, err = first:join()
  assert(not ok and err:find("not yet"))
  eq({second:join()}, {true, "loaded"})
  package.preload.self = function() return require("self") end
  raises(function() require("self") end, "loop in require: module 'self' requires itself")
end

function test_two_modules_that_require_each_other_from_two_fibers()
  package.preload.a = function() sleep(0.01) return {b = require("b")} end
  package.preload.b = function() sleep(0.01) return {a = require("a")} end
  local f, g = spawn(pcall, require, "a"), spawn(pcall, require, "b")
  local _, ok1, err1 = f:join(5)
  local _, ok2, err2 = g:join(5)
  assert(not (ok1 and ok2), "a loop must be an error in one of them")
  assert(tostring(err1):find("loop in require") or tostring(err2):find("loop in require"), tostring(err1) .. tostring(err2))
end
