-- Many fibers, many connections, and every place a call may wait in.

local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

local function eventually(cond)
  local give_up = fiber.now() + 8
  while not cond() do
    if fiber.now() > give_up then error("never came true", 2) end
    sleep(0.001)
  end
end

-- places are where a call that waits can stand; each calls get() until it
-- has three values, and answers them as one string.
local places = {
  plain = function(get) return get() .. get() .. get() end,
  pcall = function(get)
    local _, a = pcall(get)
    local _, _, b = pcall(pcall, get)
    local _, c = pcall(function()
      local ok, v = pcall(get)
      return v
    end)
    return a .. b .. c
  end,
  xpcall = function(get)
    local _, a = xpcall(get, debug.traceback)
    local _, b = xpcall(function() error("x") end, function() return get() end)
    return a .. b .. get()
  end,
  index = function(get)
    local t = setmetatable({}, {__index = function() return get() end})
    return t.a .. t.b .. t.c
  end,
  newindex = function(get)
    local all = ""
    local t = setmetatable({}, {__newindex = function() all = all .. get() end})
    t.a, t.b, t.c = 1, 2, 3
    return all
  end,
  metamethods = function(get)
    local m = {}
    m.__add = function() return get() end
    m.__concat = function() return get() end
    m.__call = function() return get() end
    local t = setmetatable({}, m)
    return (t + 1) .. (t .. "") .. t()
  end,
  comparison = function(get)
    local all = ""
    local m = {}
    m.__lt = function() all = all .. get() return true end
    m.__le, m.__eq = m.__lt, m.__lt
    local a, b = setmetatable({}, m), setmetatable({}, m)
    assert(a < b and a <= b and a == b)
    return all
  end,
  tostring = function(get)
    local t = setmetatable({}, {__tostring = function() return get() end})
    return tostring(t) .. tostring(t) .. tostring(t)
  end,
  iterator = function(get)
    local all, n = "", 0
    for v in function() n = n + 1 if n <= 3 then return get() end end do all = all .. v end
    return all
  end,
  sort = function(get)
    local all = ""
    local t = {3, 1, 2}
    table.sort(t, function(a, b)
      if #all < 3 then all = all .. get() end
      return a < b
    end)
    assert(t[1] == 1 and t[2] == 2 and t[3] == 3)
    while #all < 3 do all = all .. get() end
    return all
  end,
  gsub = function(get) return (("xyz"):gsub(".", function() return get() end)) end,
  gsub_table = function(get)
    return (("xyz"):gsub(".", setmetatable({}, {__index = function() return get() end})))
  end,
  coroutine_create = function(get)
    local co = coroutine.create(function()
      local inner = coroutine.create(function()
        coroutine.yield(get())
        return get()
      end)
      local _, a = coroutine.resume(inner)
      coroutine.yield(a)
      local _, b = coroutine.resume(inner)
      coroutine.yield(b)
      return get()
    end)
    local _, a = coroutine.resume(co)
    local _, b = coroutine.resume(co)
    local _, c = coroutine.resume(co)
    return a .. b .. c
  end,
  coroutine_wrap = function(get)
    local next = coroutine.wrap(function()
      for v in coroutine.wrap(function() for _ = 1, 3 do coroutine.yield(get()) end end) do
        coroutine.yield(v)
      end
    end)
    return next() .. next() .. next()
  end,
  yield_across_pcall = function(get)
    local next = coroutine.wrap(function()
      pcall(function() coroutine.yield(get()) end)
      local t = setmetatable({}, {__index = function() coroutine.yield(get()) return get() end})
      coroutine.yield(t.x)
    end)
    return next() .. next() .. next()
  end,
  tail_call = function(get)
    local function f(n, all)
      if n == 0 then return all end
      return f(n - 1, all .. get())
    end
    return f(3, "")
  end,
  loadstring = function(get)
    return loadstring("local get = ... return get() .. get() .. get()")(get)
  end,
}
for name, place in pairs(places) do
  _G["test_recv_in_" .. name] = function()
    local fs, ends = {}, {}
    for i = 1, 100 do
      local a, b = pair()
      ends[i] = a
      fs[i] = spawn(place, function() return b:recvn(1) end)
    end
    sleep(0)
    for round = 1, 3 do
      for i = 100, 1, -1 do ends[i]:send(string.char(64 + (i + round) % 26)) end
      sleep(0)
    end
    for i = 1, 100 do
      local want = ""
      for round = 1, 3 do want = want .. string.char(64 + (i + round) % 26) end
      eq({fs[i]:join(5)}, {true, want})
    end
  end
end

function test_recv_in_require()
  local dir = tmpdir()
  package.path = dir .. "/?.lua;" .. package.path
  local fs, ends = {}, {}
  received = {}
  for i = 1, 100 do
    local a, b = pair()
    ends[i], received[i] = a, b
    local f = assert(io.open(("%s/m%d.lua"):format(dir, i), "w"))
    f:write(("return received[%d]:recvline()"):format(i))
    f:close()
    fs[i] = spawn(require, "m" .. i)
  end
  sleep(0)
  for i = 100, 1, -1 do ends[i]:send("n" .. i .. "\n") end
  for i = 1, 100 do
    eq({fs[i]:join(5)}, {true, "n" .. i})
    eq(require("m" .. i), "n" .. i)
  end
end

function test_every_kind_of_wait_in_a_coroutine_in_a_callback()
  local l = assert(socket.listen("127.0.0.1", 0))
  local u = socket.udp()
  u:bind("127.0.0.1", 0)
  local all = {}
  local next = coroutine.wrap(function()
    ("abc"):gsub(".", function(c)
      if c == "a" then
        coroutine.yield(l:accept())
      elseif c == "b" then
        coroutine.yield((u:recvfrom()))
      else
        sleep(0.001)
        coroutine.yield(c)
      end
    end)
  end)
  spawn(function()
    sleep(0.005)
    all.conn = socket.connect(l:getsockname())
    sleep(0.005)
    socket.udp():sendto("datagram", u:getsockname())
  end)
  local conn = next()
  conn:send("x")
  eventually(function() return all.conn end)
  eq(all.conn:recv(), "x")
  eq(next(), "datagram")
  eq(next(), "c")
end

function test_a_coroutine_that_waits_in_one_fiber_is_busy_for_another()
  local a, b = pair()
  local co = coroutine.create(function() return b:recv() end)
  local f = spawn(function() return coroutine.resume(co) end)
  eventually(function() return f:status() == "waiting" end)
  local ok, err = coroutine.resume(co)
  eq(ok, false)
  assert(type(err) == "string")
  a:send("x")
  eq({f:join(5)}, {true, true, "x"})
end

function test_1000_connections_at_once()
  local n = 1000
  local served = 0
  local s = assert(socket.serve("127.0.0.1", 0, function(c)
    c:write("Welcome!\n")
    for line in c:lines() do
      if line == "exit" then break end
      c:write("Hello, ", line, "!\n")
    end
    served = served + 1
  end, {backlog = 1024}))
  local host, port = s:addr()
  local conns = {}
  for i = 1, n do
    local c, err = socket.connect(host, port)
    if not c then
      if err == "too many open files" then skip("only " .. i .. " connections fit the descriptor limit") end
      error(err)
    end
    conns[i] = c
  end
  for i = 1, n do eq(conns[i]:recvline(), "Welcome!") end
  eq(s:connections(), n)
  for i = 1, n do conns[i]:send("n" .. i .. "\nexit\n") end
  for i = n, 1, -1 do eq(conns[i]:recvall(), "Hello, n" .. i .. "!\n") end
  s:stop()
  eq(s:wait(5), true)
  eq(served, n)
end

function test_connect_and_close_2000_times()
  local s = assert(socket.serve("127.0.0.1", 0, function(c) c:send("x") end))
  local fs = {}
  for i = 1, 20 do
    fs[i] = spawn(function()
      for _ = 1, 100 do
        local c = assert(socket.connect(s:addr()))
        eq(c:recvall(), "x")
        c:close()
      end
    end)
  end
  for i = 1, 20 do assert(fs[i]:join(9)) end
  s:stop()
end
