-- Errors: what pcall and xpcall answer, where they say it was, and what they
-- leave behind.

function test_any_value_can_be_raised()
  for _, v in ipairs({{}, true, false, print, coroutine.create(print)}) do
    local r = {pcall(error, v)}
    eq({r[1], r[2] == v}, {false, true})
  end
  eq({n = select("#", pcall(error)), pcall(error)}, {n = 2, false, nil})
  eq({pcall(error, nil)}, {false, nil})
  eq({pcall(error, 7)}, {false, "7"})
end

function test_levels()
  local function at(level) error("msg", level) end
  local function caller(level) at(level) end -- line 16
  local function line(level)
    local ok, err = pcall(function() caller(level) end) -- line 18
    return err
  end
  eq(line(0), "msg")
  eq(line(1), "testdata/errors_test.lua:15: msg")
  eq(line(nil), "testdata/errors_test.lua:15: msg")
  eq(line(2), "testdata/errors_test.lua:16: msg")
  eq(line(3), "testdata/errors_test.lua:18: msg")
  eq(line(4), "msg") -- pcall itself
  eq(line(400), "msg")
end

function test_assert()
  eq({assert(1, "x", nil, 2)}, {1, "x", nil, 2})
  local e = {}
  eq({pcall(assert, false, e)}, {false, e})
  eq({pcall(assert, nil)}, {false, "assertion failed!"})
  eq({pcall(function() assert(false, "why") end)}, {false, "testdata/errors_test.lua:35: why"})
  raises(assert, "assert: argument 1: value expected, got nothing")
end

function test_pcall_passes_values()
  eq({n = select("#", pcall(function(...) return ... end, 1, nil, nil)), pcall(function() end)}, {n = 4, true})
  raises(function() (7)() end, "attempt to call a")
  eq(pcall(7), false)
  raises(pcall, "pcall: argument 1: value expected, got nothing")
end

function test_a_caught_error_leaves_locals_shared()
  local n = 0
  local function inc() n = n + 1 end
  pcall(error, "x")
  inc()
  eq(n, 1)
  pcall(function() local a = nil; return a.b end)
  inc()
  eq(n, 2)
  xpcall(function() error("x") end, function() inc() end)
  inc()
  eq(n, 4)
  coroutine.wrap(function()
    local m = 0
    local function inc2() m = m + 1 n = n + 1 end
    for _ = 1, 3 do
      pcall(pcall, pcall, error)
      pcall(function() pcall(error) error() end)
      inc2()
    end
    eq(m, 3)
  end)()
  eq(n, 7)
  -- In a loop each round has its own.
  local fns = {}
  for i = 1, 3 do
    local own = i
    pcall(error)
    fns[i] = {get = function() return own end, set = function(v) own = v end}
    pcall(error)
    own = own * 10
    pcall(error)
  end
  fns[2].set(7)
  eq({fns[1].get(), fns[2].get(), fns[3].get()}, {10, 7, 30})
end

function test_closures_of_the_failed_function_keep_their_values()
  local get, set
  local function fails(how)
    local kept = "value"
    local t = setmetatable({}, {__index = function()
      local inner = "inner"
      get = function() return kept, inner end
      set = function(v) kept = v end
      if how == "nil" then return nil + 1 end
      error(how)
    end})
    return t.x
  end
  for _, how in ipairs({"text", "nil"}) do
    assert(not pcall(fails, how))
    eq({get()}, {"value", "inner"})
    set("changed")
    eq({get()}, {"changed", "inner"})
    assert(not xpcall(function() fails(how) end, function(e)
      eq({get()}, {"value", "inner"})
      set("by the handler")
      return e
    end))
    eq({get()}, {"by the handler", "inner"})
  end
end

function test_locals_of_a_killed_coroutine_live_on()
  local get
  do
    local co = coroutine.wrap(function()
      local kept = "value"
      get = function() return kept end
      pcall(coroutine.yield)
    end)
    co()
  end
  for _ = 1, 5 do
    collectgarbage()
    sleep(0.001)
  end
  eq(get(), "value")
end

function test_xpcall_handler_sees_the_stack()
  local function fails() local x = nil; return x.field end
  local trace
  local ok, err = xpcall(fails, function(e)
    trace = debug.traceback("in handler")
    return {e}
  end)
  eq(ok, false)
  assert(err[1]:find("errors_test.lua:%d+: attempt to index"), err[1])
  assert(trace:find("in function 'fails'") or trace:find("in function <testdata/errors_test.lua:%d+>.*xpcall.*test"), trace)
  local ok, text = xpcall(function() error("x") end, debug.traceback)
  assert(text:find("^testdata/errors_test.lua:%d+: x\nstack traceback:\n"), text)
end

function test_xpcall_handler_with_a_nested_pcall()
  local handled = 0
  local ok, err = xpcall(function() error("outer", 0) end, function(e)
    handled = handled + 1
    eq({pcall(error, "inner")}, {false, "inner"})
    eq({xpcall(function() error("inner", 0) end, function(m) return m .. "!" end)}, {false, "inner!"})
    return e .. " " .. debug.traceback():sub(1, 16)
  end)
  eq({ok, err, handled}, {false, "outer stack traceback:", 1})
end

function test_xpcall_handler_that_fails()
  local calls = 0
  local ok, err = xpcall(function() error("first", 0) end, function()
    calls = calls + 1
    error("in handler", 0)
  end)
  eq({ok, err, calls}, {false, "in handler", 1})
  eq(xpcall(error, 7), false)
  eq(select("#", xpcall(function() error() end, function() end)), 2)
end

function test_xpcall_passes_arguments_and_nests()
  eq({xpcall(function(...) return ... end, print, 1, nil, 3)}, {true, 1, nil, 3})
  local function h(tag) return function(e) return tag .. e end end
  local ok, err = xpcall(function()
    local ok, err = xpcall(error, h("inner "), "x")
    eq({ok, err}, {false, "inner x"})
    error("y", 0)
  end, h("outer "))
  eq({ok, err}, {false, "outer y"})
  -- The handler is that of the innermost xpcall only, and a pcall has none.
  local called = false
  xpcall(function() pcall(error, "x") end, function() called = true end)
  eq(called, false)
end

function test_stack_overflow()
  local function runaway() return 1 + runaway() end
  local quickest = math.huge
  for _ = 1, 5 do
    local start = fiber.now()
    pcall(runaway)
    spawn(runaway):join()
    xpcall(runaway, debug.traceback)
    quickest = math.min(quickest, fiber.now() - start)
  end
  assert(quickest < (SLOW and 10 or 1), quickest)
  local ok, err = pcall(runaway)
  eq(ok, false)
  assert(err:find("stack overflow"), err)
  assert(#err < 200, err)
  local ok, err, trace = spawn(runaway):join()
  assert(err:find("stack overflow"), err)
  assert(#trace < 2000 and trace:find("more%)"), trace)
  -- In a metamethod, in pcall after pcall, and in a coroutine.
  local t = setmetatable({}, {})
  getmetatable(t).__index = function(t, k) return t[k .. "x"] end
  local ok, err = pcall(function() return t.x end)
  assert(err:find("stack overflow"), err)
  local function nested() return pcall(nested) end
  nested()
  local function both() local ok, err = pcall(both) if not ok then error(err, 0) end end
  local ok, err = pcall(both)
  assert(err:find("stack overflow"), err)
  local ok, err = coroutine.resume(coroutine.create(runaway))
  assert(err:find("stack overflow"), err)
  local ok, err = xpcall(runaway, function(e) return "handled " .. e .. "\n" .. debug.traceback() end)
  assert(err:find("^handled .*stack overflow\nstack traceback:.*in function 'runaway'.*more.*test"), err)
  local ok, err = xpcall(runaway, debug.traceback)
  assert(err:find("stack overflow\nstack traceback:.*in function 'runaway'.*more"), err)
  local ok, err = xpcall(runaway, function() error("again", 0) end)
  eq({ok, err}, {false, "again"})
  -- And all is well again.
  local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
  eq(deep(500), 500)
end

function test_the_main_fiber_may_recurse_deep()
  local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
  eq(deep(9000), 9000)
  eq({pcall(deep, 9000)}, {true, 9000})
end

function test_an_error_in_tostring_of_an_error()
  expect_log("error object is a table value")
  spawn(function() error(setmetatable({}, {__tostring = function() error("again") end})) end)
  sleep(0)
end

function test_a_panic_in_go_is_an_error()
  expect_log("internal error in breaks.panic: runtime error: index out of range")
  expect_log("goroutine %d+ .*errors_test.go")
  local n = 0
  local function inc() n = n + 1 end
  local ok, err = pcall(function()
    inc()
    breaks.panic()
  end)
  inc()
  eq(n, 2)
  eq(ok, false)
  assert(err:find("^testdata/errors_test.lua:%d+: internal error: breaks.panic: "), err)
  -- Caught by nobody it ends its fiber, in a coroutine the coroutine.
  local ok, err, trace = spawn(function() breaks.panic() end):join()
  assert(err:find("internal error: breaks.panic"), err)
  assert(trace:find("in function 'breaks.panic'"), trace)
  local ok, err = coroutine.resume(coroutine.create(breaks.panic))
  assert(err:find("internal error: breaks.panic"), err)
  local ok, err = xpcall(breaks.panic, function(e) return "handled " .. e end)
  assert(err:find("^handled .*internal error: breaks.panic"), err)
  raises(function() breaks.panic_waiting() end, "internal error: breaks.panic_waiting: while waiting")
  raises(function() breaks.panic_nil() end, "internal error: breaks.panic_nil")
end
