-- What the comparison with lua5.1 cannot show: speed, waiting, limits, bytes.

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

function test_long_input()
  local s = ("abc"):rep(70000)
  took(0.2, function()
    local r, n = s:gsub("b", "xyz")
    eq({#r, n}, {5 * 70000, 70000})
  end)
  took(0.5, function()
    local _, n = s:gsub("%w", function(c) return c == "b" and "" end)
    eq(n, 210000)
  end)
  took(0.5, function()
    local n = 0
    for _ in s:gmatch("(a)(b)") do n = n + 1 end
    eq(n, 70000)
  end)
  local long = ("a"):rep(1e7)
  took(0.5, function()
    eq({long:find(".-b")}, {nil})
    eq({long:find("a*$")}, {1, 1e7})
    eq({long:find("(a?)a+()")}, {1, 1e7, "a", 1e7 + 1})
    eq({long:find("%w+%s")}, {nil})
    eq(#long:match("^.-(a*)$"), 1e7)
  end)
end

function test_long_patterns()
  local p = ("a?"):rep(1000)
  eq({(("a"):rep(500)):find(p)}, {1, 500})
  eq({("x"):rep(1e5):find(("x"):rep(1e5) .. "y?")}, {1, 1e5})
  raises(function() return ("x"):find(("a*"):rep(50000)) end, "pattern too complex")
  raises(function() return ("x"):find(("()"):rep(33)) end, "too many captures")
  eq(select("#", ("x"):find(("()"):rep(32))), 34)
end

function test_zero_bytes()
  eq({("a\0b"):find("\0")}, {2, 2})
  eq({("a\0b"):find("[\0]b")}, {2, 3})
  eq({("a\0b"):match("(%z)(.)")}, {"\0", "b"})
  eq({("a\0b\0"):gsub("%z", "%0\0")}, {"a\0\0b\0\0", 2})
  eq(("\255\200\0A"):lower(), "\255\200\0a")
  eq(("\255\228z"):upper(), "\255\228Z")
end

function test_waits_and_yields()
  local s = ("a b c"):gsub("%w", function(c)
    sleep(0)
    -- Another match meanwhile does not disturb this one.
    spawn(function() ("xyz"):gsub("(y)(z)", "%2%1") end):join()
    return (c:gsub("(.)", function(d) sleep(0) return d:upper() .. ("k=v"):match("(%w)=") end))
  end)
  eq(s, "Ak Bk Ck")
  local co = coroutine.wrap(function()
    return (("abc"):gsub("().", function(i) return coroutine.yield(i) end))
  end)
  eq({co(), co("x"), co(false), co("z")}, {1, 2, 3, "xbz"})
  local t = setmetatable({}, {__index = function(_, k) sleep(0) return k .. k end})
  eq({("ab"):gsub(".", t)}, {"aabb", 2})
  local words = {}
  for w in ("one two three"):gmatch("%a+") do
    for c in w:gmatch("[aeiou]") do words[#words + 1] = c end
    sleep(0)
  end
  eq(table.concat(words), "oeoee")
end

function test_gmatch_is_a_function()
  local n = select("#", ("x"):gmatch("."))
  eq(n, 1)
  local next_ = ("ab"):gmatch("()")
  eq({next_(), next_(), next_(), (select("#", next_()))}, {1, 2, 3, 0})
  eq(string.gfind, string.gmatch)
end

function test_misuse()
  raises(function() return ("x"):gsub("x") end, "string.gsub: argument 3: string, table or function expected, got nothing")
  raises(function() return ("x"):gsub("x", true) end, "string.gsub: argument 3: string, table or function expected, got true")
  raises(function() return string.find(nil, "x") end, "string.find: argument 1: string expected, got nil")
  raises(function() return string.char(256) end, "integer 0..255 expected, got 256")
  raises(function() return ("x"):find("[a") end, "malformed pattern (missing ']')")
  raises(function() return ("x"):gsub("x", error) end, "x")
end

function test_sort()
  local t = {3, 1, 2}
  table.sort(t, function(a, b) sleep(0) return a < b end)
  eq(t, {1, 2, 3})
  -- In a coroutine, a comparison may yield.
  local co = coroutine.wrap(function() table.sort(t, function(a, b) return coroutine.yield(a, b) end) return "done" end)
  local r = co()
  while r ~= "done" do r = co(true) end
  -- An order that is none ends, and loses nothing.
  local many = {}
  for i = 1, 1000 do many[i] = i end
  table.sort(many, function() return math.random(2) == 1 end)
  table.sort(many)
  eq({many[1], many[500], many[1000], #many}, {1, 500, 1000, 1000})
  -- A comparison that fails leaves the table as it was.
  local u = {3, 2, 1}
  raises(function() table.sort(u, function(a, b) if a == 3 or b == 3 then error("no 3") end return a < b end) end, "no 3")
  eq(u, {3, 2, 1})
  raises(function() table.sort({1, "x"}) end, "attempt to compare")
  raises(function() table.sort({{}, {}}) end, "attempt to compare")
  raises(function() table.sort({}, 1) end, "table.sort: argument 2: function expected, got 1")
end
