-- What could end or block the process ends in an error.

-- Calls fn, which must take at most limit seconds; a busy machine gets three
-- attempts.
local function took(limit, fn)
  local t
  for _ = 1, 3 do
    local start = fiber.now()
    fn()
    t = fiber.now() - start
    if t <= (SLOW and limit * 10 or limit) then return end
  end
  error("took " .. t .. " s", 2)
end

local function refuses(src, text)
  local fn, err = loadstring(src, "=chunk")
  eq(fn, nil)
  if not (type(err) == "string" and err:find(text)) then
    error(("want %s, got %s"):format(text, tostring(err)), 2)
  end
end

-- before, repeated, between, repeated
local kinds = {
  ["not"] = {"return ", "not ", "x", ""},
  calls = {"return ", "f(", "", ")"},
  braces = {"return ", "{", "", "}"},
  parens = {"return ", "(", "1", ")"},
  functions = {"return ", "function() return ", "1", " end"},
  minus = {"return ", "- ", "x", ""},
  length = {"return ", "#", "x", ""},
  indexes = {"return ", "t[", "1", "]"},
  power = {"return ", "2^", "2", ""},
  concat = {"return ", "a..", "a", ""},
  sums = {"return ", "a+", "a", ""},
  ands = {"return ", "a and ", "a", ""},
  comparisons = {"return ", "a<", "a", ""},
  blocks = {"", "do ", "", " end"},
  whiles = {"", "while x do ", "", " end"},
  fors = {"", "for i = 1, 2 do ", "", " end"},
  ins = {"", "for i in x do ", "", " end"},
  repeats = {"", "repeat ", "", " until x"},
  ifs = {"", "if x then ", "", " end"},
  elseifs = {"if x then ", "elseif x then ", "end", ""},
  elses = {"", "if x then else ", "", " end"},
  fields = {"return a", ".b", "", ""},
  methods = {"return a", ":b()", "", ""},
  results = {"return a", "()", "", ""},
  texts = {"return a", "''", "", ""},
}

local function nested(c, n) return loadstring(c[1] .. c[2]:rep(n) .. c[3] .. c[4]:rep(n), "=chunk") end

function test_deep_nesting()
  for name, c in pairs(kinds) do
    local fn, err = nested(c, SLOW and 2000 or 20000)
    -- Parentheses need no depth.
    if name ~= "parens" then
      assert(fn == nil, name)
      assert(err:find("nested too deeply"), err)
    end
    assert(nested(c, 30), name)
  end
end

function test_what_people_write_compiles()
  local function compiles(src) return assert(loadstring(src)) end
  compiles("return " .. ("("):rep(150) .. "1" .. (")"):rep(150))
  compiles("return " .. ("{"):rep(150) .. ("}"):rep(150))
  eq(#compiles("return " .. ("'x'.."):rep(190) .. "'x'")(), 191)
  eq(compiles("return " .. ("1+"):rep(190) .. "1")(), 191)
  compiles(("if x then "):rep(100) .. ("end "):rep(100))
  compiles("if x == 0 then " .. ("elseif x == 1 then "):rep(300) .. "end")
  eq(#compiles("return {" .. ("1,"):rep(100000) .. "}")(), 100000)
  local lines = {}
  for i = 1, 20000 do lines[i] = "x = " .. i % 100 end
  compiles(table.concat(lines, "\n"))
end

function test_constants()
  local t = {}
  for i = 1, 70000 do t[i] = "'" .. i .. "'" end
  took(5, function() refuses("return {" .. table.concat(t, ",") .. "}", "too many constants in one function %(limit 50000%)") end)
  if SLOW then return end
  for i = 1, 70000 do t[i] = i + 0.5 end
  took(5, function() refuses("local x = 0 " .. ("x = x + %s "):rep(70000):format(unpack(t)), "too many constants") end)
  -- Spread over functions they are fine.
  local parts = {}
  for f = 1, 70 do
    local own = {}
    for i = 1, 1000 do own[i] = "'" .. f .. "." .. i .. "'" end
    parts[f] = "function() return {" .. table.concat(own, ",") .. "} end"
  end
  took(5, function() eq(#assert(loadstring("return {" .. table.concat(parts, ",") .. "}"))()[70](), 1000) end)
end

function test_long_constructors()
  for _, n in ipairs(SLOW and {50, 100, 25551} or {49, 50, 51, 100, 25549, 25550, 25551, 25600, 25601, 30000}) do
    local items = ("1,"):rep(n)
    local t = assert(loadstring("local function f() return 7, 8 end return {" .. items .. "x = 5, f}"))()
    eq({#t, type(t[n + 1]), t.x, t[0]}, {n + 1, "function", 5, nil})
    for i = 1, n do if t[i] ~= 1 then error(i .. " is " .. tostring(t[i])) end end
    local fn, err = loadstring("local function f() return 7, 8 end return {" .. items .. "f()}")
    if n == 25550 then
      assert(err:find("results behind exactly 25550 values in a table constructor"), err)
    else
      t = fn()
      eq({#t, t[1], t[n], t[n + 1], t[n + 2]}, {n + 2, 1, 1, 7, 8})
    end
    -- A field with a key behind a batch of 50 must not store that again.
    fn = assert(loadstring("local k = {} for i = 1, 9 do k[i] = i .. '' end return {" .. items .. "[k[1] .. k[2]] = k[3] .. k[4] .. k[5], 2, [k[6] .. 'y'] = k[7] .. k[8]}"))
    t = fn()
    eq({#t, t[1], t[2], t[n], t[n + 1], t["12"], t["6y"]}, {n + 1, 1, 1, 1, 2, "345", "78"})
    for i = 1, n do if t[i] ~= 1 then error(i .. " is " .. tostring(t[i])) end end
    fn, err = loadstring("local t = {{" .. items .. "{" .. items .. "2}, " .. items .. "3}} return t[1]")
    t = fn()
    eq({#t, #t[n + 1], t[n + 1][n + 1], t[2 * n + 2]}, {2 * n + 2, n + 1, 2, 3})
  end
end

function test_long_functions()
  if SLOW then skip("the race detector makes it take half a minute") end
  -- Jumps and labels that do not fit into an instruction.
  local line = "x = x + 1 "
  refuses("local x = 0 while x < 10 do " .. line:rep(140000) .. "end", "too long")
  refuses("local x = 0 for i = 1, 10 do " .. line:rep(140000) .. "end", "too long")
  refuses("local x = 0 if x then " .. line:rep(140000) .. "end", "too long")
  refuses("local x = 0 " .. ("if x then x = 1 end "):rep(60000), "too many branches")
  -- What is below that works.
  local fn = assert(loadstring("local x = 0 " .. line:rep(140000) .. "return x"))
  eq(fn(), 140000)
  fn = assert(loadstring("local x, n = 0, 0 while n < 3 do " .. line:rep(100000) .. "n = n + 1 end return x"))
  eq(fn(), 300000)
  fn = assert(loadstring("local x = 0 " .. ("if x >= 0 then x = x + 1 end "):rep(30000) .. "return x"))
  eq(fn(), 30000)
end

function test_source_that_is_no_source()
  refuses("\27Lua", "is compiled Lua; only source text can be loaded")
  refuses("return 'a\0b'", "zero byte")
  refuses(("-"):rep(17 * 1024 * 1024), "bytes of source, at most 16777216 are compiled")
  refuses("x = ", "^chunk:1: syntax error near '<eof>'")
  refuses("x = = 1", "^chunk:1: syntax error near '='")
  refuses("\n\nfor", "^chunk:3: ")
  eq(load(function() return ("x"):rep(1024 * 1024) end), nil)
end

function test_load_in_other_fibers_meanwhile()
  -- A large chunk compiles with the baton given away.
  local src = "return {" .. ("1,"):rep(200000) .. "}"
  local turns = 0
  local f = spawn(function() while true do turns = turns + 1 sleep(0) end end)
  eq(#assert(loadstring(src))(), 200000)
  f:cancel()
  assert(turns > 1, turns)
end

function test_rep()
  raises(function() return ("x"):rep(1e10) end, "resulting string too large")
  raises(function() return ("x"):rep(2 ^ 53) end, "resulting string too large")
  raises(function() return ("xy"):rep(1e9, "sep") end, "resulting string too large")
  eq(#("x"):rep(1e7), 1e7)
  eq(("ab"):rep(3, "-"), "ab-ab-ab")
  eq({("x"):rep(0), ("x"):rep(-5), (""):rep(1e15)}, {"", "", ""})
end

function test_unpack()
  local t = {}
  for i = 1, 500000 do t[i] = i end
  eq(select("#", unpack(t, 1, 200000)), 200000)
  eq({select(199999, unpack(t, 1, 200000))}, {199999, 200000})
  eq(select("#", unpack(t)), 500000)
  eq({unpack(t, 499999)}, {499999, 500000})
  eq(#{unpack(t)}, 500000)
  eq(math.max(unpack(t, 1, 100000)), 100000)
  raises(function() return unpack({}, 1, 1e7) end, "too many results to unpack")
  raises(function() return unpack({}, -1e15, 1e15) end, "too many results to unpack")
  eq({unpack({}, 5, 1)}, {})
  eq(select("#", unpack({}, 1, 3)), 3)
  eq({unpack({1, 2, 3}, -1, 1)}, {nil, nil, 1})
  -- In a coroutine and a fiber, whose stacks begin small.
  eq(coroutine.wrap(function() return select("#", unpack(t, 1, 200000)) end)(), 200000)
  eq({spawn(function() return select("#", unpack(t, 1, 200000)) end):join()}, {true, 200000})
  eq(select("#", coroutine.wrap(function() return unpack(t, 1, 200000) end)()), 200000)
  eq(select("#", spawn(unpack, t, 1, 200000):join()), 200001)
end

function test_concat()
  local t = {}
  for i = 1, 500000 do t[i] = "ab" end
  eq(#table.concat(t), 1000000)
  eq(#table.concat(t, ", "), 1000000 + 2 * 499999)
  eq(table.concat({1, 2.5, "x"}, "-"), "1-2.5-x")
  eq({table.concat({}), table.concat({}, "x"), table.concat({1, 2}, "", 3)}, {"", "", ""})
  eq(table.concat({1, 2, 3, 4}, ",", 2, 3), "2,3")
  raises(function() table.concat({1, {}, 3}) end, "invalid value (table) at index 2 in table for 'concat'")
  raises(function() table.concat({1}, "", 1, 2) end, "invalid value (nil) at index 2 in table for 'concat'")
end

function test_large_arguments_and_results()
  local t = {}
  for i = 1, 100000 do t[i] = i end
  local function count(...) return select("#", ...), ... end
  eq((count(unpack(t))), 100000)
  local function sum(first, ...)
    if first == nil then return 0 end
    return first + sum(...)
  end
  eq(sum(unpack(t, 1, 200)), 20100)
  eq(#{(string.byte(("x"):rep(1000), 1, -1))}, 1)
  local s = string.char(unpack((function() local b = {} for i = 1, 10000 do b[i] = 65 end return b end)()))
  eq(#s, 10000)
end

function test_runaway_arguments()
  if SLOW then skip("the race detector makes copying slow") end
  local function grow(...) local a = {grow(1, ...)} return a end
  raises(grow, "overflow")
end

function test_wide_runaway()
  -- Many locals a level: the registers run out before the levels do.
  local locals = {}
  for i = 1, 190 do locals[i] = "a" .. i end
  local src = "local function f() local " .. table.concat(locals, ",") .. " return 1 + f() end return f"
  local f = assert(loadstring(src))()
  for _ = 1, SLOW and 1 or 3 do
    took(2, function() raises(f, "overflow") end)
    local ok, err = spawn(f):join()
    assert(err:find("overflow"), err)
    local ok, err = xpcall(f, function(e) return "handled " .. e end)
    assert(err:find("^handled .*overflow"), err)
  end
end
