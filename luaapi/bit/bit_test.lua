-- Values from the documentation of Lua BitOp, and its corners.

function test_tobit()
  assert(bit.tobit(0xffffffff) == -1)
  assert(bit.tobit(0x80000000) == -2^31)
  assert(bit.tobit(2^31 - 1) == 2147483647)
  assert(bit.tobit(-2^31 - 1) == 2147483647)
  assert(bit.tobit(2^40 + 1234) == 1234)
  assert(bit.tobit("0x10") == 16)
  -- Half to even, as adding 2^52+2^51 does.
  assert(bit.tobit(0.5) == 0 and bit.tobit(1.5) == 2 and bit.tobit(2.5) == 2)
  assert(bit.tobit(-0.5) == 0 and bit.tobit(-1.5) == -2)
  assert(bit.tobit(4294967295.5) == 0)
  -- Beyond 2^51: still modulo 2^32.
  assert(bit.tobit(2^52 + 5) == 5)
  assert(bit.tobit(2^53) == 0 and bit.tobit(-2^53) == 0)
  assert(bit.tobit(2^60 + 2^31) == -2^31)
  assert(bit.tobit(-(2^53 - 1)) == 1)
  assert(bit.tobit(1e300) == 0)
end

function test_tohex()
  assert(bit.tohex(1) == "00000001")
  assert(bit.tohex(-1) == "ffffffff")
  assert(bit.tohex(0xffffffff) == "ffffffff")
  assert(bit.tohex(-1, -8) == "FFFFFFFF")
  assert(bit.tohex(0x21, 4) == "0021")
  assert(bit.tohex(0x87654321, 4) == "4321")
  assert(bit.tohex(0xabc, -2) == "BC")
  assert(bit.tohex(5, 0) == "")
  assert(bit.tohex(5, 99) == "00000005")
  assert(bit.tohex(0xabc, -2^31) == "00000ABC")
end

function test_logic()
  assert(bit.bnot(0) == -1)
  assert(bit.tohex(bit.bnot(0x12345678)) == "edcba987")
  assert(bit.bor(1, 2, 4, 8) == 15)
  assert(bit.tohex(bit.band(0x12345678, 0xff)) == "00000078")
  assert(bit.tohex(bit.bxor(0xa5a5f0f0, 0xaa55ff00)) == "0ff00ff0")
  assert(bit.band(-1) == -1 and bit.bor(2^32) == 0)
end

function test_shifts()
  assert(bit.lshift(1, 0) == 1)
  assert(bit.lshift(1, 8) == 256)
  assert(bit.lshift(1, 40) == 256)
  assert(bit.rshift(256, 8) == 1)
  assert(bit.rshift(-256, 8) == 16777215)
  assert(bit.arshift(256, 8) == 1)
  assert(bit.arshift(-256, 8) == -1)
  assert(bit.tohex(bit.lshift(0x87654321, 12)) == "54321000")
  assert(bit.tohex(bit.rshift(0x87654321, 12)) == "00087654")
  assert(bit.tohex(bit.arshift(0x87654321, 12)) == "fff87654")
  assert(bit.lshift(1, -1) == -2^31)
  assert(bit.tohex(bit.rol(0x12345678, 12)) == "45678123")
  assert(bit.tohex(bit.ror(0x12345678, 12)) == "67812345")
  assert(bit.rol(5, 0) == 5 and bit.ror(5, 32) == 5)
  assert(bit.tohex(bit.bswap(0x12345678)) == "78563412")
  assert(bit.tohex(bit.bswap(0x78563412)) == "12345678")
end

function test_wrong_arguments()
  for _, bad in ipairs { 0/0, 1/0, -1/0, "x", {} } do
    assert(not pcall(bit.tobit, bad))
    assert(not pcall(bit.lshift, 1, bad))
  end
  assert(not pcall(bit.band))
  local ok, err = pcall(bit.tobit, 1/0)
  assert(not ok and err:find("finite number expected", 1, true), err)
end

-- The MD5 of a short text, a well-known user of these functions.
function test_md5()
  local function md5(s)
    local K, R = {}, {}
    for i = 0, 63 do K[i] = math.floor(math.abs(math.sin(i + 1)) * 2^32) end
    local rows = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } }
    for i = 0, 63 do R[i] = rows[math.floor(i / 16) + 1][i % 4 + 1] end
    local n = #s
    s = s .. "\128" .. ("\0"):rep((55 - n) % 64)
    local bits = n * 8
    for _ = 1, 8 do
      s = s .. string.char(bits % 256)
      bits = math.floor(bits / 256)
    end
    local a0, b0, c0, d0 = 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476
    for p = 1, #s, 64 do
      local M = {}
      for i = 0, 15 do
        local w, x, y, z = s:byte(p + i * 4, p + i * 4 + 3)
        M[i] = w + x * 2^8 + y * 2^16 + z * 2^24
      end
      local a, b, c, d = a0, b0, c0, d0
      for i = 0, 63 do
        local f, g
        if i < 16 then
          f, g = bit.bor(bit.band(b, c), bit.band(bit.bnot(b), d)), i
        elseif i < 32 then
          f, g = bit.bor(bit.band(d, b), bit.band(bit.bnot(d), c)), (5 * i + 1) % 16
        elseif i < 48 then
          f, g = bit.bxor(b, c, d), (3 * i + 5) % 16
        else
          f, g = bit.bxor(c, bit.bor(b, bit.bnot(d))), 7 * i % 16
        end
        f = bit.tobit(f + a + K[i] + M[g])
        a, d, c = d, c, b
        b = bit.tobit(b + bit.rol(f, R[i]))
      end
      a0, b0 = bit.tobit(a0 + a), bit.tobit(b0 + b)
      c0, d0 = bit.tobit(c0 + c), bit.tobit(d0 + d)
    end
    return bit.tohex(bit.bswap(a0)) .. bit.tohex(bit.bswap(b0)) .. bit.tohex(bit.bswap(c0)) .. bit.tohex(bit.bswap(d0))
  end
  assert(md5("") == "d41d8cd98f00b204e9800998ecf8427e")
  assert(md5("The quick brown fox jumps over the lazy dog") == "9e107d9d372bb6826bd81d3542a419d6")
end
