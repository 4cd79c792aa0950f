-- Unix sockets: streams and datagrams, by path and abstract.

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

local function exists(path)
  local f = io.open(path .. "/.") or io.open(path)
  if f then f:close() end
  local _, err = os.rename(path, path)
  return err == nil
end

local function dgram() return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) end

-- abstract answers an abstract name that nobody else uses, or skips.
local function abstract(name)
  local l, err = socket.listen("unix:@netrepl-test-" .. name)
  if not l then skip("no abstract sockets here: " .. err) end
  l:close()
  return "@netrepl-test-" .. name
end

function test_stream_by_path()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  eq(tostring(l), "unix " .. path .. " listening")
  eq({l:getsockname()}, {path})
  local a = assert(socket.connect("unix:" .. path))
  local b, peer = l:accept()
  eq(peer, "")
  eq({a:getpeername()}, {path})
  eq({b:getsockname()}, {path})
  a:send("one\ntwo")
  a:close()
  eq(b:recvline(), "one")
  eq(b:recvall(), "two")
  l:close()
  eq(exists(path), false, "the path is removed with the listener")
  assert(socket.listen("unix:" .. path))
end

function test_stream_step_by_step()
  local path = tmpdir() .. "/s"
  local l = socket.unix()
  eq(tostring(l), "unix unbound")
  eq({l:listen()}, {nil, "destination address required"})
  eq(l:bind(path), true)
  eq({l:getsockname()}, {path})
  eq(tostring(l), "unix " .. path .. " bound")
  eq({socket.connect("unix:" .. path)}, {nil, "connection refused"})
  eq(l:listen(5), true)
  local a = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
  eq(a:connect("unix:" .. path), true)
  local b = l:accept()
  b:send("x")
  eq(a:recv(), "x")
end

function test_bound_and_not_listening()
  local path = tmpdir() .. "/s"
  local s = socket.unix()
  assert(s:bind(path))
  eq(exists(path), true)
  s:close()
  eq(exists(path), false)
end

function test_a_client_with_an_address()
  local dir = tmpdir()
  local l = assert(socket.listen("unix:" .. dir .. "/l"))
  local a = socket.unix()
  assert(a:bind(dir .. "/a"))
  assert(a:connect(dir .. "/l"))
  local b, peer = l:accept()
  eq(peer, dir .. "/a")
  eq({a:getsockname()}, {dir .. "/a"})
  eq(tostring(a), ("unix %s/a -> %s/l"):format(dir, dir))
  a:close()
  eq(exists(dir .. "/a"), false)
end

function test_path_that_is_taken()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  eq({socket.listen("unix:" .. path)}, {nil, "address already in use"})
  eq({socket.unix():bind(path)}, {nil, "address already in use"})
  eq({dgram():bind(path)}, {nil, "address already in use"})
  eq(exists(path), true, "a refused bind leaves the path alone")
end

function test_stale_path()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  assert(os.rename(path, path .. "2"))
  l:close() -- its path is gone, the other stands for nobody
  assert(os.rename(path .. "2", path))
  eq({socket.connect("unix:" .. path)}, {nil, "connection refused"})
  eq({socket.listen("unix:" .. path)}, {nil, "address already in use"})
  assert(os.remove(path))
  assert(socket.listen("unix:" .. path))
end

function test_errors()
  local dir = tmpdir()
  eq({socket.connect("unix:" .. dir .. "/none")}, {nil, "no such file or directory"})
  eq({socket.listen("unix:" .. dir .. "/none/s")}, {nil, "no such file or directory"})
  eq({socket.connect("unix:" .. dir .. "/" .. ("x"):rep(200))}, {nil, "invalid argument"})
  eq({socket.listen("unix:" .. dir .. "/" .. ("x"):rep(200))}, {nil, "invalid argument"})
  eq({dgram():bind(dir .. "/" .. ("x"):rep(200))}, {nil, "invalid argument"})
  eq({dgram():sendto("x", dir .. "/none")}, {nil, "no such file or directory"})
  eq({dgram():sendto("x", dir .. "/" .. ("x"):rep(200))}, {nil, "invalid argument"})
  eq({socket.listen("unix:" .. dir .. "/x\0y")}, {nil, "invalid argument"})
  eq({socket.connect("unix:" .. dir .. "/x\0y")}, {nil, "invalid argument"})
  eq({dgram():bind(dir .. "/x\0y")}, {nil, "invalid argument"})
  eq({dgram():sendto("x", dir .. "/x\0y")}, {nil, "invalid argument"})
  eq({dgram():connect(dir .. "/x\0y")}, {nil, "invalid argument"})
  eq(exists(dir .. "/x"), false)
  local f = assert(io.open(dir .. "/file", "w"))
  f:close()
  eq({socket.connect("unix:" .. dir .. "/file")}, {nil, "connection refused"})
  local l = assert(socket.listen("unix:" .. dir .. "/l"))
  eq({dgram():sendto("x", dir .. "/l")}, {nil, "protocol wrong type for socket"})
end

function test_abstract_stream()
  local name = abstract("stream")
  local l = assert(socket.listen("unix:" .. name))
  eq({l:getsockname()}, {name})
  local a = assert(socket.connect("unix:" .. name))
  local b = assert(l:accept())
  a:send("x")
  eq(b:recv(), "x")
  eq({socket.listen("unix:" .. name)}, {nil, "address already in use"})
  local d = assert(socket.dial("unix://" .. name))
  d:close()
end

function test_dial()
  local path = tmpdir() .. "/s"
  local l = assert(socket.listen("unix:" .. path))
  local a = assert(socket.dial("unix://" .. path, {timeout = 5}))
  a:send("x")
  eq(l:accept():recv(), "x")
end

function test_serve()
  local path = tmpdir() .. "/s"
  local s = assert(socket.serve("unix:" .. path, function(c, peer)
    for line in c:lines() do c:write(peer, line, "\n") end
  end))
  eq({s:addr()}, {path})
  eq(tostring(s), "server " .. path)
  local c = assert(socket.connect("unix:" .. path))
  c:send("a\nb\n")
  eq(c:recvline() .. c:recvline(), "ab")
  c:close()
  eq(s:stop(1), true)
  eq(exists(path), false)
end

function test_datagrams()
  local dir = tmpdir()
  local a, b = dgram(), dgram()
  eq(tostring(a), "unix unbound")
  assert(a:bind(dir .. "/a"))
  assert(b:bind("unix:" .. dir .. "/b"))
  eq({a:getsockname()}, {dir .. "/a"})
  eq(tostring(a), "unix " .. dir .. "/a")
  eq(a:sendto("hello", dir .. "/b"), 5)
  local data, from = b:recvfrom()
  eq({data, from}, {"hello", dir .. "/a"})
  eq(b:sendto("back", from), 4)
  eq(a:recvfrom(), "back")
  eq(a:sendto({"1", "", "3"}, dir .. "/b"), 3)
  eq({b:recv(), b:recv(), b:recv()}, {"1", "", "3"})
  a:close()
  eq(exists(dir .. "/a"), false, "the path is removed with the socket")
end

function test_large_datagrams()
  local dir = tmpdir()
  local a, b = dgram(), dgram()
  assert(a:bind(dir .. "/a"))
  local largest = ("x"):rep(65535)
  eq(b:sendto(largest, dir .. "/a"), 65535)
  assert(a:recvfrom() == largest)
  eq({b:sendto(("x"):rep(2 ^ 24), dir .. "/a")}, {nil, "message too long"})
  b:sendto("abcdef", dir .. "/a")
  eq(a:recvfrom(3), "abc")
end

function test_datagrams_from_a_socket_without_a_path()
  local dir = tmpdir()
  local a = dgram()
  assert(a:bind(dir .. "/a"))
  local b = dgram()
  eq(b:sendto("x", dir .. "/a"), 1)
  local data, from = a:recvfrom()
  eq(data, "x")
  if from ~= "" then -- the system has made a name up
    eq(a:sendto("y", from), 1)
    eq(b:recvfrom(), "y")
  end
  eq(exists(":0"), false)
end

function test_connected_datagrams()
  local dir = tmpdir()
  local a, b, stranger = dgram(), dgram(), dgram()
  assert(a:bind(dir .. "/a"))
  assert(b:bind(dir .. "/b"))
  assert(b:connect(dir .. "/a"))
  eq({b:getpeername()}, {dir .. "/a"})
  eq(b:send("x"), 1)
  local data, from = a:recvfrom()
  eq({data, from}, {"x", dir .. "/b"})
  eq({stranger:sendto("no", dir .. "/b")}, {nil, "operation not permitted"})
  eq(a:sendto("y", from), 1)
  eq(b:recv(), "y")
  eq(b:connect("*"), true)
  eq({b:send("x")}, {nil, "transport endpoint is not connected"})
  eq(stranger:sendto("yes", dir .. "/b"), 3)
  eq(b:recvfrom(), "yes")
end

function test_abstract_datagrams()
  local name = abstract("dgram")
  local a = dgram()
  assert(a:bind(name))
  eq(dgram():sendto("x", name), 1)
  eq(a:recvfrom(), "x")
end

function test_sending_waits_for_room()
  local dir = tmpdir()
  local a, b = dgram(), dgram()
  assert(a:bind(dir .. "/a"))
  b:settimeout(0)
  local n = 0
  local err
  while not err do
    local ok
    ok, err = b:sendto(("x"):rep(1000), dir .. "/a")
    n = n + (ok and 1 or 0)
    assert(n < 100000)
  end
  eq(err, "timeout")
  b:settimeout(0.02)
  eq({b:sendto("x", dir .. "/a")}, {nil, "timeout"})
  b:settimeout()
  local f = waiting(function() return b:sendto("last", dir .. "/a") end)
  for _ = 1, n do eq(#a:recvfrom(), 1000) end
  eq(a:recvfrom(), "last")
  eq({f:join(5)}, {true, 4})
end

function test_close_ends_what_waits()
  local dir = tmpdir()
  local a = dgram()
  assert(a:bind(dir .. "/a"))
  local f = waiting(function() return a:recvfrom() end)
  a:close()
  eq({f:join(5)}, {true, nil, "closed"})
  local l = assert(socket.listen("unix:" .. dir .. "/l"))
  f = waiting(function() return l:accept() end)
  l:close()
  eq({f:join(5)}, {true, nil, "closed"})
end

function test_a_datagram_socket_is_no_stream()
  local dir = tmpdir()
  local a = dgram()
  assert(a:bind(dir .. "/a"))
  eq({a:recvline()}, {nil, "transport endpoint is not connected", ""})
  eq({a:listen()}, {nil, "operation not supported"})
  eq({a:accept()}, {nil, "operation not supported"})
  local l = assert(socket.listen("unix:" .. dir .. "/l"))
  eq({l:sendto("x", dir .. "/a")}, {nil, "operation not supported"})
  eq({l:recvfrom()}, {nil, "operation not supported"})
end
