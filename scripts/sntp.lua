#!/usr/bin/env netrepl
-- Asks a time server how late it is: SNTP, a binary protocol over UDP.
--
-- Question and answer are records of 48 bytes with every field at its place,
-- numbers with the highest byte first ("network order", > in a format). A time
-- is two such numbers: seconds since 1900, and parts of 2^32 of a second.

local opt = cli.parse {
  about = "Asks a time server for the time, and by how much the clock here is off.",
  flags = {
    { "port", "port", "the server's port", default = 123 },
    { "timeout", "duration", "how long to wait for the answer", default = "5s" },
  },
  args = { { "host", "host", "the server", default = "pool.ntp.org" } },
}

local function check(ok, err) return ok or cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end

local from1900to1970 = 2208988800
local function pack(t)
  local seconds = math.floor(t)
  return string.pack(">I4 I4", (seconds + from1900to1970) % 2^32, math.floor((t - seconds) * 2^32))
end
local function unpack(time)
  local seconds, fraction = string.unpack(">I4 I4", time)
  if seconds < 2^31 then seconds = seconds + 2^32 end -- from 2036 on it counts from 0 again
  return seconds - from1900to1970 + fraction / 2^32
end

-- Connected, a UDP socket takes datagrams from that server only.
local s = socket.udp()
s:settimeout(opt.timeout)
check(s:connect(opt.host, opt.port))

-- The first byte: version 4, mode 3 (a client). Else only the time matters.
local asked, before = socket.gettime(), fiber.now()
check(s:send(string.pack(">B c39 c8", 4 * 8 + 3, "", pack(asked))))
local answer = check(s:recv(1024))
local answered = asked + fiber.now() - before -- even if somebody sets the clock meanwhile

if #answer < 48 then check(nil, "answer too short") end
local format = ">B B b b I4 I4 c4 c8 c8 c8 c8"
local first, stratum, _, _, _, _, id, _, original, received, sent = string.unpack(format, answer)
if first % 8 ~= 4 then check(nil, "not the answer of a server") end
if original ~= pack(asked) then check(nil, "not the answer to this question") end
if stratum == 0 then check(nil, "the server refuses: " .. id:gsub("[^%w]", "")) end
if math.floor(first / 64) == 3 or stratum > 15 then check(nil, "the server's own clock is not set") end

-- The way there and the way back count as equally long.
received, sent = unpack(received), unpack(sent)
local offset = ((received - asked) + (sent - answered)) / 2
local delay = (answered - asked) - (sent - received)
local now = answered + offset
print(("time    %s.%03d UTC"):format(os.date("!%Y-%m-%d %H:%M:%S", math.floor(now)), math.floor(now % 1 * 1000)))
print(("offset  %+.6f s, the clock here is %s"):format(offset, offset > 0 and "behind" or "ahead"))
print(("delay   %.6f s"):format(delay))
print(("server  %s, stratum %d"):format(s:getpeername(), stratum))
