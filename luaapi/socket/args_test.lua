-- Wrong use of every function and method names the function, the parameter,
-- what was expected and what came.

local function pair()
  local l = assert(socket.listen("127.0.0.1", 0))
  local a = assert(socket.connect(l:getsockname()))
  local b = assert(l:accept())
  l:close()
  return a, b
end

local f = function() end
local t = {}
local host, port = "127.0.0.1", 0

-- addressed are the wrong host and port of function name, whose other
-- arguments stand before and after.
local function addressed(name, call)
  local bad = {
    {{}, "host: string expected, got nothing"},
    {{nil}, "host: string expected, got nil"},
    {{true}, "host: string expected, got true"},
    {{{}, 80}, "host: string expected, got a table"},
    {{"x"}, "port: integer 0..65535 expected, got nothing"},
    {{"x", "y"}, 'port: integer 0..65535 expected, got "y"'},
    {{"x", true}, "port: integer 0..65535 expected, got true"},
    {{"x", -1}, "port: integer 0..65535 expected, got -1"},
    {{"x", 65536}, "port: integer 0..65535 expected, got 65536"},
    {{"x", 1.5}, "port: integer 0..65535 expected, got 1.5"},
    {{"x:99999"}, 'host: port 0..65535 after the host expected, got "x:99999"'},
    {{"x:http"}, 'host: port 0..65535 after the host expected, got "x:http"'},
  }
  local out = {}
  for i, b in ipairs(bad) do out[i] = {call, b[1], name .. ": " .. b[2]} end
  return out
end

-- count of arguments, holes included
local function args(n, ...) return {n = n, ...} end

local function add(to, from)
  for _, v in ipairs(from) do to[#to + 1] = v end
end

-- functions of the module: wrong arguments, and what is said
local functions = {
  tcp = {}, tcp4 = {}, tcp6 = {}, udp = {}, udp4 = {}, udp6 = {}, unix = {}, list = {}, gettime = {},
  socket = {
    {args(1, "x"), 'family: integer from 0 expected, got "x"'},
    {args(1, 99), "family: socket.AF_INET, AF_INET6 or AF_UNIX expected, got 99"},
    {args(1, 1.5), "family: integer from 0 expected, got 1.5"},
    {args(2, 2, true), "type: integer from 0 expected, got true"},
    {args(2, 2, 7), "type: socket.SOCK_STREAM or socket.SOCK_DGRAM expected, got 7"},
  },
  connect = {
    {args(3, host, 80, 5), "opts: table of options expected, got 5"},
    {args(3, host, 80, {timeout = "x"}), 'opts.timeout: seconds (a number) expected, got "x"'},
    {args(3, host, 80, {timeout = {}}), "opts.timeout: seconds (a number) expected, got a table"},
    {args(3, host, 80, {family = "5"}), 'opts.family: "4" or "6" expected, got "5"'},
    {args(3, host, 80, {localport = 70000}), "opts.localport: integer 0..65535 expected, got 70000"},
    {args(3, host, 80, {localport = -1, localaddr = host}), "opts.localport: integer 0..65535 expected, got -1"},
    {args(3, host, 80, {localaddr = true}), "opts.localaddr: string expected, got true"},
    {args(3, host, 80, {timout = 1}), "opts.timout: no such option (have family, localaddr, localport, timeout)"},
    {args(2, "x:80", {timout = 1}), "opts.timout: no such option (have family, localaddr, localport, timeout)"},
    {args(1, "unix:"), 'host: path after unix: expected, got "unix:"'},
  },
  listen = {
    {args(3, host, port, 5), "opts: table of options expected, got 5"},
    {args(3, host, port, {backlog = -1}), "opts.backlog: integer 0..1073741824 expected, got -1"},
    {args(3, host, port, {backlog = "many"}), 'opts.backlog: integer 0..1073741824 expected, got "many"'},
    {args(3, host, port, {reuseport = 1}), "opts.reuseport: boolean expected, got 1"},
    {args(3, host, port, {v6only = "yes"}), 'opts.v6only: boolean expected, got "yes"'},
    {args(3, host, port, {family = 5}), 'opts.family: "4" or "6" expected, got 5'},
    {args(3, host, port, {timeout = 5}), "opts.timeout: no such option (have backlog, family, reuseport, v6only)"},
  },
  serve = {
    {args(2, host, port), "handler: function expected, got nothing"},
    {args(3, host, port, "f"), 'handler: function expected, got "f"'},
    {args(3, host, port, {}), "handler: function expected, got a table"},
    {args(4, host, port, f, 5), "opts: table of options expected, got 5"},
    {args(4, host, port, f, {timeout = f}), "opts.timeout: seconds (a number) expected, got a function"},
    {args(4, host, port, f, {name = f}), "opts.name: string expected, got a function"},
    {args(4, host, port, f, {nme = "x"}), "opts.nme: no such option (have backlog, family, name, reuseport, timeout, v6only)"},
    {args(3, "127.0.0.1:0", f, {nme = "x"}), "opts.nme: no such option (have backlog, family, name, reuseport, timeout, v6only)"},
    {args(1, "127.0.0.1:0"), "handler: function expected, got nothing"},
  },
  dial = {
    {args(0), "url: string expected, got nothing"},
    {args(1, true), "url: string expected, got true"},
    {args(1, "x"), 'url: tcp://host:port, udp://host:port or unix:///path expected, got "x"'},
    {args(1, "tcp://x"), 'url: tcp://host:port expected, got "tcp://x"'},
    {args(1, "udp://x/y"), 'url: udp://host:port expected, got "udp://x/y"'},
    {args(2, "tcp://x:80", 5), "opts: table of options expected, got 5"},
    {args(2, "tcp://x:80", {timeout = true}), "opts.timeout: seconds (a number) expected, got true"},
    {args(2, "tcp://x:80", {max = 1}), "opts.max: no such option (have timeout)"},
  },
  pump = {
    {args(0), "a: connection expected, got nothing"},
    {args(2, "x", "y"), 'a: connection expected, got "x"'},
    {args(2, t, t), "a: connection expected, got a table"},
    {args(2, socket.tcp(), socket.tcp()), "a: open connection expected, got tcp unbound"},
  },
  get = {
    {args(0), "id: integer from 1 expected, got nothing"},
    {args(1, 0), "id: integer from 1 expected, got 0"},
    {args(1, "x"), 'id: integer from 1 expected, got "x"'},
    {args(1, 1.5), "id: integer from 1 expected, got 1.5"},
  },
}

local reading = {
  {args(1, 5), "opts: table of options expected, got 5"},
  {args(1, "x"), 'opts: table of options expected, got "x"'},
  {args(1, {timeout = "x"}), 'opts.timeout: seconds (a number) expected, got "x"'},
  {args(1, {max = -1}), "opts.max: integer from 0 expected, got -1"},
  {args(1, {max = 1.5}), "opts.max: integer from 0 expected, got 1.5"},
  {args(1, {mx = 1}), "opts.mx: no such option (have max, timeout)"},
}

local atmost = {
  {args(1, 0), "n: integer from 1 expected, got 0"},
  {args(1, -1), "n: integer from 1 expected, got -1"},
  {args(1, 1.5), "n: integer from 1 expected, got 1.5"},
  {args(1, "x"), 'n: integer from 1 expected, got "x"'},
  {args(1, {}), "n: integer from 1 expected, got a table"},
  {args(1, 0 / 0), "n: integer from 1 expected, got NaN"},
  {args(1, 1 / 0), "n: integer from 1 expected, got +Inf"},
  {args(2, 1, 5), "opts: table of options expected, got 5"},
  {args(2, 1, {timeout = {}}), "opts.timeout: seconds (a number) expected, got a table"},
  {args(2, 1, {max = 5}), "opts.max: no such option (have timeout)"},
}

local exactly = {
  {args(0), "n: integer from 0 expected, got nothing"},
  {args(1, nil), "n: integer from 0 expected, got nil"},
  {args(1, -1), "n: integer from 0 expected, got -1"},
  {args(1, 2 ^ 60), "n: integer from 0 expected, got "},
  {args(2, 1, 5), "opts: table of options expected, got 5"},
  {args(2, 1, {mx = 5}), "opts.mx: no such option (have max, timeout)"},
}

local delimited = {
  {args(0), "delim: string expected, got nothing"},
  {args(1, {}), "delim: string expected, got a table"},
  {args(1, ""), 'delim: string of at least one byte expected, got ""'},
  {args(2, "x", 5), "opts: table of options expected, got 5"},
}

local sending = {
  {args(0), "data: string expected, got nothing"},
  {args(1, nil), "data: string expected, got nil"},
  {args(1, true), "data: string expected, got true"},
  {args(1, f), "data: string expected, got a function"},
  {args(1, {"x", f}), "data: table of strings expected, got a table with a function at 2"},
  {args(1, {{}}), "data: table of strings expected, got a table with a table at 1"},
  {args(2, "x", "y"), 'i: integer expected, got "y"'},
  {args(2, "x", 1.5), "i: integer expected, got 1.5"},
  {args(3, "x", 1, {}), "j: integer expected, got a table"},
}

local options = {
  {args(0), "name: ", "got nothing"},
  {args(1, "nosuch"), "name: ", '"tcp-nodelay"', 'got "nosuch"'},
  {args(1, 5), "name: ", "got 5"},
}

local setting = {
  {args(2, "keepalive", 1), "value: boolean expected, got 1"},
  {args(2, "keepalive", nil), "value: boolean expected, got nil"},
  {args(1, "rcvbuf"), "value: integer 0..2147483647 expected, got nothing"},
  {args(2, "rcvbuf", -1), "value: integer 0..2147483647 expected, got -1"},
  {args(2, "sndbuf", true), "value: integer 0..2147483647 expected, got true"},
  {args(2, "linger", "x"), 'value: integer 0..65535 expected, got "x"'},
  {args(2, "linger", 70000), "value: integer 0..65535 expected, got 70000"},
  {args(2, "linger", {on = 1}), "value.on: boolean expected, got 1"},
  {args(2, "linger", {timeout = -1}), "value.timeout: integer 0..65535 expected, got -1"},
  {args(2, "linger", {timout = 1}), "value.timout: no such option (have on, timeout)"},
  {args(1, "ip-add-membership"), "value: table {multiaddr = multicast address, interface = address or name} expected, got nothing"},
  {args(2, "ip-add-membership", "239.1.1.1"), 'value: table of options expected, got "239.1.1.1"'},
  {args(2, "ip-add-membership", {multiaddr = "10.0.0.1"}), "value: table {multiaddr = multicast address, interface = address or name} expected, got a table"},
  {args(2, "ip-drop-membership", {multiadr = "239.1.1.1"}), "value.multiadr: no such option (have interface, multiaddr)"},
  {args(1, "ip-multicast-if"), "value: string expected, got nothing"},
  {args(2, "ip-multicast-if", true), "value: string expected, got true"},
}

local seconds = {
  {args(1, "x"), 'seconds: seconds (a number) or nil expected, got "x"'},
  {args(1, {}), "seconds: seconds (a number) or nil expected, got a table"},
  {args(1, true), "seconds: seconds (a number) or nil expected, got true"},
  {args(1, 0 / 0), "seconds: seconds (a number) or nil expected, got NaN"},
}

local dgramsending = {
  {args(2, true, host), "data: string or table of strings expected, got true"},
  {args(0), "data: string or table of strings expected, got nothing"},
  {args(3, {"x", true}, host, 80), "data: table of strings expected, got a table with true at 2"},
}

-- methods by kind of value; "" of a list holds for every kind
local methods = {
  tcp = {
    close = {}, flush = {}, getsockname = {}, getpeername = {}, gettimeout = {}, getfd = {}, getstats = {}, id = {}, accept = {},
    bind = {}, connect = {},
    listen = {
      {args(1, "x"), 'backlog: integer 0..1073741824 expected, got "x"'},
      {args(1, -1), "backlog: integer 0..1073741824 expected, got -1"},
      {args(1, 2 ^ 31), "backlog: integer 0..1073741824 expected, got 2147483648"},
    },
    settimeout = seconds,
    getoption = options,
    setoption = setting,
    recv = atmost, chunks = atmost, recvn = exactly, recvline = reading, recvall = reading, lines = reading, recvuntil = delimited,
    unrecv = {{args(0), "data: string expected, got nothing"}, {args(1, {}), "data: string expected, got a table"}},
    send = sending, sendall = sending,
    write = {
      {args(1, {}), "argument 1: string expected, got a table"},
      {args(2, "x", nil), "argument 2: string expected, got nil"},
      {args(3, "x", 1, true), "argument 3: string expected, got true"},
    },
    shutdown = {
      {args(1, "x"), 'how: "read" or "write" or "both" expected, got "x"'},
      {args(1, 1), 'how: "read" or "write" or "both" expected, got 1'},
    },
  },
  udp = {
    close = {}, getsockname = {}, getpeername = {}, gettimeout = {}, getfd = {}, getstats = {}, id = {},
    bind = {}, connect = {},
    settimeout = seconds,
    getoption = options,
    setoption = setting,
    sendto = dgramsending,
    recvfrom = atmost, recv = atmost,
    send = {{args(0), "data: string expected, got nothing"}, {args(1, {}), "data: string expected, got a table"}},
  },
  server = {
    addr = {}, connections = {},
    stop = {
      {args(1, "x"), 'grace: seconds (a number) or nil expected, got "x"'},
      {args(1, {}), "grace: seconds (a number) or nil expected, got a table"},
    },
    wait = {
      {args(1, "x"), 'timeout: seconds (a number) or nil expected, got "x"'},
      {args(1, true), "timeout: seconds (a number) or nil expected, got true"},
    },
  },
}
methods.unix = {}
for name, list in pairs(methods.tcp) do methods.unix[name] = list end
methods.unix.sendto = {
  {args(0), "data: string or table of strings expected, got nothing"},
  {args(1, "x"), "host: string expected, got nothing"},
  {args(2, "x", {}), "host: string expected, got a table"},
  {args(2, "x", ""), 'host: path of a socket expected, got ""'},
}
methods.unix.recvfrom = atmost
methods.unix.bind = {
  {args(0), "host: string expected, got nothing"},
  {args(1, {}), "host: string expected, got a table"},
  {args(1, ""), 'host: path of a socket expected, got ""'},
}
methods.unix.connect = methods.unix.bind

local function check(name, call, case)
  local ok, err = pcall(call, unpack(case[1], 1, case[1].n))
  if ok then error(name .. ": no error raised, want " .. case[2], 0) end
  if not err:find("^args_test.lua:%d+: ") then error(name .. ": not at the caller's line: " .. err, 0) end
  for i = 2, #case do
    local want = i == 2 and name .. ": " .. case[2] or case[i]
    if not err:find(want, 1, true) then error(("raised %s\n  want   %s"):format(err, want), 0) end
  end
end

-- addresses answers the cases of a host and a port, after the arguments before.
local function addresses(...)
  local before = {...}
  local out = {}
  for _, c in ipairs({
    {args(0), "host: string expected, got nothing"},
    {args(1, nil), "host: string expected, got nil"},
    {args(1, true), "host: string expected, got true"},
    {args(2, f, 80), "host: string expected, got a function"},
    {args(1, "x"), "port: integer 0..65535 expected, got nothing"},
    {args(2, "x", "y"), 'port: integer 0..65535 expected, got "y"'},
    {args(2, "x", true), "port: integer 0..65535 expected, got true"},
    {args(2, "x", -1), "port: integer 0..65535 expected, got -1"},
    {args(2, "x", 65536), "port: integer 0..65535 expected, got 65536"},
    {args(2, "x", 1.5), "port: integer 0..65535 expected, got 1.5"},
    {args(1, "x:99999"), 'host: port 0..65535 after the host expected, got "x:99999"'},
    {args(1, "x:http"), 'host: port 0..65535 after the host expected, got "x:http"'},
  }) do
    local a = {n = #before + c[1].n}
    for i = 1, #before do a[i] = before[i] end
    for i = 1, c[1].n do a[#before + i] = c[1][i] end
    out[#out + 1] = {a, c[2]}
  end
  return out
end

add(functions.connect, addresses())
add(functions.listen, addresses())
for _, kind in ipairs({"tcp", "udp"}) do
  methods[kind].bind = addresses()
  methods[kind].connect = addresses()
end
add(methods.udp.sendto, addresses("data"))

function test_functions()
  for name, fn in pairs(socket) do
    if type(fn) == "function" then
      local cases = functions[name]
      if not cases then error("no cases for socket." .. name) end
      for _, case in ipairs(cases) do
        check("socket." .. name, function(...) return (fn(...)) end, case)
      end
    end
  end
  for name in pairs(functions) do assert(socket[name], "socket." .. name .. " is gone") end
end

function test_methods()
  local a = pair()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  local values = {
    tcp = {a, socket.tcp()},
    unix = {assert(socket.connect("unix:" .. path)), socket.unix(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)},
    udp = {socket.udp()},
    server = {assert(socket.serve("127.0.0.1", 0, f))},
  }
  for kind, list in pairs(values) do
    for name in pairs(getmetatable(list[1]).__index) do
      local cases = methods[kind][name]
      if not cases then error("no cases for " .. kind .. ":" .. name) end
      local fn = list[1][name]
      for _, case in ipairs(cases) do
        -- on a unix socket send and recv are those of its kind
        local v = kind == "unix" and (name == "sendto" or name == "recvfrom") and list[3] or list[1]
        check(kind .. ":" .. name, function(...) return (fn(v, ...)) end, case)
        if name ~= "lines" and name ~= "chunks" then
          check(kind .. ":" .. name, function(...) return (fn(list[2] or list[1], ...)) end, case)
        end
      end
      for _, self in ipairs({args(0), args(1, nil), args(1, "x"), args(1, {}), args(1, io.stdout)}) do
        local ok, err = pcall(function(...) return (fn(...)) end, unpack(self, 1, self.n))
        assert(not ok, kind .. ":" .. name .. " took it")
        local want = ("^args_test.lua:%%d+: %s:%s: %%S+ expected before the colon, got .+ %%- use %s:%s%%(...%%) with a colon"):format(kind, name, kind, name)
        if not err:find(want) then error(("raised %s\n  want   %s"):format(err, want)) end
      end
    end
    for name in pairs(methods[kind]) do assert(list[1][name], kind .. ":" .. name .. " is gone") end
  end
  values.server[1]:stop()
end

function test_closed_sockets_tell_of_wrong_arguments_too()
  local a = pair()
  a:close()
  for name, cases in pairs(methods.tcp) do
    if name ~= "lines" and name ~= "chunks" then
      for _, case in ipairs(cases) do
        check("tcp:" .. name, function(...) return (a[name](a, ...)) end, case)
      end
    end
  end
end

function test_a_method_of_another_kind()
  local u, s = socket.udp(), socket.tcp()
  raises(function() s.listen(io.stdout) end, "tcp:listen: socket expected before the colon, got file")
  raises(function() u:recvline() end, "attempt to call")
end

function test_numbers_and_strings_stand_for_each_other()
  local a, b = pair()
  a:settimeout("5")
  eq(a:send("12345"), 5)
  eq(b:recv("2"), "12")
  eq(b:recvn("3"), "345")
  a:write(1, "\n", 2.5, "\n")
  eq(b:recvline(), "1")
  eq(b:recvuntil("\n"), "2.5")
  eq(a:send("abc", "2", "2"), 2)
  eq(b:recvuntil("b"), "")
  local l = assert(socket.listen("127.0.0.1", "0"))
  assert(socket.connect("127.0.0.1", tostring(select(2, l:getsockname()))))
end
