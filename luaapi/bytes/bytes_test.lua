local function raises(want, fn, ...)
  local ok, err = pcall(fn, ...)
  assert(not ok, "no error, want " .. want)
  assert(tostring(err):find(want, 1, true), ("got %s, want %s"):format(err, want))
end

local function packs(fmt, want, ...)
  local s = bytes.pack(fmt, ...)
  assert(s == want, ("pack(%q) gave %s, want %s"):format(fmt, bytes.hex(s, " "), bytes.hex(want, " ")))
end

function test_pack_integers()
  packs("b", "\255", -1)
  packs("B", "\255", 255)
  packs("<h", "\254\255", -2)
  packs(">H", "\1\2", 0x102)
  packs("=I2", "\2\1", 0x102)
  packs("<i3", "\3\2\1", 0x10203)
  packs(">i3", "\255\255\254", -2)
  packs("<I4", "\4\3\2\1", 0x1020304)
  packs("<I", "\4\3\2\1", 0x1020304)
  packs("<j", ("\255"):rep(8), -1)
  packs("<J", ("\255"):rep(8), -1)
  packs("<l", "\0\0\0\0\0\0\32\0", 2^53)
  packs(">T", "\0\0\0\0\0\0\0\7", 7)
  packs(">i16", ("\255"):rep(15) .. "\251", -5)
  packs("<I9", "\5" .. ("\0"):rep(8), 5)
  packs("<I2", "\16\0", "0x10")
  packs("< I1 > I2 < I2", "\1\0\2\3\0", 1, 2, 3)
  packs("", "")
end

function test_pack_limits()
  raises("-128..127", bytes.pack, "b", 128)
  raises("-128..127", bytes.pack, "b", -129)
  raises("0..255", bytes.pack, "B", -1)
  raises("0..65535", bytes.pack, "I2", 65536)
  raises("0..72057594037927935", bytes.pack, "I7", -1)
  raises('integer for "I2" at position 1 expected, got 1.5', bytes.pack, "I2", 1.5)
  raises('integer for "j" at position 1', bytes.pack, "j", 0/0)
  raises('integer for "j" at position 1', bytes.pack, "j", 1/0)
  raises('pack it as "c8" or as two "I4"', bytes.pack, "J", 2^53 + 2)
  raises('pack it as "c8" or as two "I4"', bytes.pack, "j", -2^60)
  raises('pack it as "c12"', bytes.pack, "i12", 1e300)
  raises("got nothing", bytes.pack, "I2 I2", 1)
  raises("number expected", bytes.pack, "d", "x")
  raises("string expected", bytes.pack, "z", {})
end

function test_unpack_integers()
  local function unpacks(fmt, s, want)
    local v, pos = bytes.unpack(fmt, s)
    assert(v == want and pos == #s + 1, ("unpack(%q) gave %s, %s"):format(fmt, v, pos))
  end
  unpacks("b", "\255", -1)
  unpacks("B", "\255", 255)
  unpacks("<h", "\254\255", -2)
  unpacks(">i3", "\255\255\254", -2)
  unpacks(">I3", "\255\255\254", 0xfffffe)
  unpacks("<i7", "\0\0\0\0\0\0\255", -2^48)
  unpacks("<j", ("\255"):rep(8), -1)
  unpacks("<J", "\0\0\0\0\0\0\32\0", 2^53)
  unpacks("<i8", "\0\0\0\0\0\0\224\255", -2^53)
  unpacks(">i16", ("\255"):rep(15) .. "\251", -5)
  unpacks("<i16", "\251" .. ("\255"):rep(15), -5)
  unpacks(">I9", ("\0"):rep(8) .. "\5", 5)
end

function test_unpack_beyond_2_53()
  raises('integer within 2^53 at position 1 (option "J" at position 2) expected, got 18446744073709551615 - unpack it as "c8" or as two "I4"',
    bytes.unpack, "<J", ("\255"):rep(8))
  raises("got 9007199254740993", bytes.unpack, "<J", "\1\0\0\0\0\0\32\0")
  raises("got -9007199254740993", bytes.unpack, "<j", "\255\255\255\255\255\255\223\255")
  raises("got -9223372036854775808", bytes.unpack, ">j", "\128" .. ("\0"):rep(7))
  raises('got 4722366482869645213696 - unpack it as "c10"', bytes.unpack, ">I10", "\1" .. ("\0"):rep(9))
  raises("got -4722366482869645213696", bytes.unpack, ">i10", "\255" .. ("\0"):rep(9))
  raises("got 18446744073709551615", bytes.unpack, "<i9", ("\255"):rep(8) .. "\0")
end

function test_floats()
  packs("<f", "\0\0\192\63", 1.5)
  packs(">d", "\63\248\0\0\0\0\0\0", 1.5)
  packs(">n", "\127\240\0\0\0\0\0\0", 1/0)
  assert(bytes.unpack("<f", "\0\0\192\63") == 1.5)
  assert(bytes.unpack("<n", bytes.pack("<n", math.pi)) == math.pi)
  assert(bytes.unpack(">d", "\127\240\0\0\0\0\0\0") == 1/0)
  local nan = bytes.unpack("d", bytes.pack("d", 0/0))
  assert(nan ~= nan)
  assert(bytes.unpack("f", bytes.pack("f", 1e300)) == 1/0)
end

function test_strings()
  packs("c5", "ab\0\0\0", "ab")
  packs("c0", "", "")
  packs("z", "ab\0", "ab")
  packs("<s1", "\2ab", "ab")
  packs(">s2", "\0\2ab", "ab")
  packs("<s", "\2\0\0\0\0\0\0\0ab", "ab")
  packs("<s2z", "\2\00012x\0", 12, "x")
  raises('at most 2 bytes for "c2" at position 3 expected, got 3', bytes.pack, "I1c2", 1, "abc")
  raises('at most 255 bytes for "s1" at position 1 expected, got 256', bytes.pack, "s1", ("x"):rep(256))
  raises('string without zero bytes for "z" at position 1 expected, got one at position 2', bytes.pack, "z", "a\0b")
  local a, b, c, pos = bytes.unpack("c2 z s1", "abcd\0\2efg")
  assert(a == "ab" and b == "cd" and c == "ef" and pos == 9)
end

function test_alignment()
  packs("<!4 b i4", "\1\0\0\0\2\0\0\0", 1, 2)
  packs("<!2 b i4", "\1\0\2\0\0\0", 1, 2)
  packs("<b i4", "\1\2\0\0\0", 1, 2)
  packs("<! b d", "\1" .. ("\0"):rep(7) .. "\0\0\0\0\0\0\248\63", 1, 1.5)
  packs("<!4 b Xi4 b", "\1\0\0\0\2", 1, 2)
  packs("<!8 b Xd", "\1\0\0\0\0\0\0\0", 1)
  packs("<!4 b s2", "\1\0\1\0x", 1, "x")
  packs("x b x", "\0\7\0", 7)
  packs("!4 b Xs4 z", "\1\0\0\0x\0", 1, "x")
  packs("<!4 b i16", "\1\0\0\0\2" .. ("\0"):rep(15), 1, 2)
  -- Alignment counts from the start of the string, not from pos.
  local v, pos = bytes.unpack("<!4 i4", "abc\0\5\0\0\0", 2)
  assert(v == 5 and pos == 9)
  raises('option with an alignment after "X" at position 1 expected, got the end', bytes.pack, "X")
  raises('option with an alignment after "X" at position 1 expected, got "z"', bytes.pack, "Xz", "x")
  raises('option with an alignment after "X" at position 1 expected, got "c4"', bytes.pack, "Xc4", "x")
  raises('option with an alignment after "X" at position 1 expected, got " "', bytes.pack, "X i4")
  raises('alignment that is a power of 2 for "i3" at position 3 expected, got 3', bytes.pack, "!4i3", 1)
end

function test_wrong_formats()
  raises('format option at position 3 expected, got "q"', bytes.pack, "I2q", 1)
  raises('size 1..16 after "i" at position 1 expected, got 17', bytes.pack, "i17", 1)
  raises('size 1..16 after "s" at position 2 expected, got 0', bytes.pack, " s0", "")
  raises('size 1..16 after "!" at position 1 expected, got 32', bytes.pack, "!32")
  raises('size after "c" at position 1 expected, got the end', bytes.pack, "c", "x")
  raises('size after "c" at position 1 expected, got "b"', bytes.pack, "cb", "x")
  raises('size 0..1073741824 after "c" at position 1 expected, got 99999999999999999999', bytes.packsize, "c99999999999999999999")
  raises("format of at most 65536 bytes", bytes.packsize, ("b"):rep(65537))
  raises("string expected", bytes.pack, nil)
end

function test_unpack_too_short()
  raises('4 bytes at position 3 (option "I4" at position 3) expected, got 1', bytes.unpack, "I2I4", "abc")
  raises('4 bytes at position 5 (option "i4" at position 4) expected, got 0', bytes.unpack, "!4bi4", "ab")
  raises('5 bytes at position 2 (option "s1" at position 1) expected, got 2', bytes.unpack, "s1", "\5ab")
  raises('zero byte after position 1 (option "z" at position 1) expected, got none', bytes.unpack, "z", "ab")
  raises("string length within 2^64", bytes.unpack, ">s9", "\1" .. ("\0"):rep(8))
  raises('18446744073709551615 bytes', bytes.unpack, "s8", ("\255"):rep(8))
  raises('c1000', bytes.unpack, "c1000", "x")
end

function test_unpack_position()
  local s = bytes.pack(">I2 I2 I2", 1, 2, 3)
  local v, pos = bytes.unpack(">I2", s, 3)
  assert(v == 2 and pos == 5)
  assert(bytes.unpack(">I2", s, -2) == 3)
  assert(bytes.unpack("", s, 7) == 7)
  for _, bad in ipairs { 0, 8, -7, 2^40 } do
    raises("position within the string", bytes.unpack, "b", s, bad)
  end
  raises("integer", bytes.unpack, "b", s, 1.5)
end

function test_packsize()
  assert(bytes.packsize("") == 0)
  assert(bytes.packsize("<b h i l j T f d n") == 1 + 2 + 4 + 8 + 8 + 8 + 4 + 8 + 8)
  assert(bytes.packsize("!8 b d c3 x") == 20)
  assert(bytes.packsize("b Xd") == 1 and bytes.packsize("!8 b Xd") == 8)
  raises('format of a fixed size expected, got "z" at position 4', bytes.packsize, "I2 z")
  raises("format of a fixed size", bytes.packsize, "s1")
  raises("format of at most 1073741824 bytes", bytes.packsize, "c1073741824b")
end

function test_string_functions()
  assert(string.pack(">I2", 258) == "\1\2")
  assert((">I2"):pack(258) == "\1\2")
  assert((">I2"):unpack("\1\2") == 258)
  assert(string.packsize("d") == 8)
end

function test_many_formats()
  for i = 1, 1000 do
    assert(bytes.packsize("c" .. i) == i)
  end
  assert(bytes.packsize(("b"):rep(1000)) == 1000)
end

-- More values than the stack takes are an error at worst.
function test_very_many_values()
  local ok, first = pcall(bytes.unpack, ("b"):rep(60000), ("\1"):rep(60000))
  assert(not ok or first == 1)
end

function test_hex()
  assert(bytes.hex("") == "" and bytes.hex("\0\171\255") == "00abff")
  assert(bytes.hex("abc", ":") == "61:62:63" and bytes.hex("a", ":") == "61")
  assert(bytes.unhex("00abFF") == "\0\171\255" and bytes.unhex("") == "")
  assert(bytes.unhex(" 00:ab\nff\t") == "\0\171\255")
  local function bad(text, want)
    local s, err = bytes.unhex(text)
    assert(s == nil and err == want, err)
  end
  bad("0g", 'position 2: second hex digit of a byte expected, got "g"')
  bad("00 x", 'position 4: hex digit expected, got "x"')
  bad("000", "position 4: second hex digit of a byte expected, got the end")
  bad("0 0", 'position 2: second hex digit of a byte expected, got " "')
  bad("00-11", 'position 3: hex digit expected, got "-"')
end

function test_hexdump()
  assert(bytes.hexdump("") == "")
  assert(bytes.hexdump("GET / HTTP/1.1\r\n") ==
    "00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|\n00000010")
  assert(bytes.hexdump("abc\255", 0xfff0) ==
    "0000fff0  61 62 63 ff                                       |abc.|\n0000fff4")
  assert(bytes.hexdump("123456789") ==
    "00000000  31 32 33 34 35 36 37 38  39                       |123456789|\n00000009")
  assert(bytes.hexdump(("\0"):rep(64) .. "x") ==
    "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n" ..
    "00000040  78                                                |x|\n00000041")
  assert(bytes.hexdump(("\0"):rep(32)):sub(-11) == "\n*\n00000020")
  assert(bytes.hexdump("x", 2^40):sub(1, 13) == "10000000000  ")
  raises("integer", bytes.hexdump, "x", -1)
end

function test_base64()
  -- The test vectors of RFC 4648.
  for text, want in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" } do
    assert(bytes.base64(text) == want)
    assert(bytes.unbase64(want) == text)
    local raw = want:gsub("=", "")
    assert(bytes.base64(text, "raw") == raw and bytes.unbase64(raw, "raw") == text)
  end
  assert(bytes.base64("\251\255\254", "std") == "+//+")
  assert(bytes.base64("\251\255\254", "url") == "-__-")
  assert(bytes.base64("\251", "url") == "-w==" and bytes.base64("\251", "rawurl") == "-w")
  assert(bytes.unbase64("-w==", "url") == "\251" and bytes.unbase64("-w", "rawurl") == "\251")
  assert(bytes.unbase64(" Zm9v\r\nYmE= \n") == "fooba")
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  all = table.concat(all)
  for _, v in ipairs { "std", "url", "raw", "rawurl" } do
    for n = 0, 256 do
      local part = all:sub(1, n)
      assert(bytes.unbase64(bytes.base64(part, v), v) == part)
    end
  end
  local function bad(text, variant, want)
    local s, err = bytes.unbase64(text, variant)
    assert(s == nil and err == want, err)
  end
  bad("Zm9?", nil, 'position 4: base64 digit or "=" expected, got "?"')
  bad("Zg", nil, 'position 3: base64 digit or "=" expected, got the end')
  bad("Zg=", nil, 'position 4: "=" expected, got the end')
  bad("Zg===", nil, 'position 5: end expected, got "="')
  bad("Zg==Zg==", nil, 'position 5: end expected, got "Z"')
  bad("Zm9vZ", nil, "position 6: base64 digit expected, got the end")
  bad("=", nil, 'position 1: base64 digit expected, got "="')
  bad("Zg==", "raw", 'position 3: base64 digit expected, got "="')
  bad("-w", "raw", 'position 1: base64 digit expected, got "-"')
  bad("Zh==", nil, 'position 2: digit without bits beyond the last byte expected, got "h"')
  raises("rawurl", bytes.base64, "x", "hex")
end

function test_crc32()
  assert(bytes.crc32("") == 0)
  assert(bytes.crc32("123456789") == 0xcbf43926)
  local long = ("some text "):rep(2000)
  assert(bytes.crc32(long:sub(5001), bytes.crc32(long:sub(1, 5000))) == bytes.crc32(long))
  raises("integer 0..4294967295", bytes.crc32, "x", -1)
end

function test_xor()
  assert(bytes.xor("", "k") == "")
  assert(bytes.xor("abc", "\0") == "abc")
  assert(bytes.xor("\1\2\3\4\5", "\1\2") == "\0\0\2\6\4")
  assert(bytes.xor("a", "abc") == "\0")
  local key, data = "key!?", ("payload"):rep(1001)
  local masked = bytes.xor(data, key)
  for _, i in ipairs { 1, 1023, 1024, 1025, 1026, 2050, 7007 } do
    local k = (i - 1) % #key + 1
    assert(masked:byte(i) == bytes.xor(data:sub(i, i), key:sub(k, k)):byte())
  end
  assert(bytes.xor(masked, key) == data)
  raises("key of at least one byte", bytes.xor, "abc", "")
end

function test_hash()
  -- The test vectors of FIPS 180.
  local vectors = {
    [""] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    [("a"):rep(1000000)] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  }
  for s, want in pairs(vectors) do
    assert(bytes.sha256(s) == want)
    for _, size in ipairs { 1000, 4095, 4096, 4097, 70000 } do
      local h = bytes.hash("sha256")
      for i = 1, #s, size do assert(h:update(s:sub(i, i + size - 1)) == h) end
      assert(h:hex() == want and h:hex() == want)
    end
  end
  assert(tostring(bytes.hash("sha256")) == "hash sha256")
  raises("sha256", bytes.hash, "sha255")
  raises("hash:update: s: string expected", bytes.hash("sha256").update, bytes.hash("sha256"))
  raises("colon", bytes.hash("sha256").hex)
end
