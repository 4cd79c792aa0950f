---@meta

--- Packs and unpacks binary data; writes it as hex, base64 and dumps; hashes it.
---
--- A format is a row of options, as in Lua 5.3:
---
--- | option | value |
--- | --- | --- |
--- | `<` `>` `=` | what follows is little-endian, big-endian, native (little-endian) |
--- | `![n]` | align what follows to at most n bytes (8); without it nothing is aligned |
--- | `b` `B` | a signed, an unsigned byte |
--- | `h` `H` | an integer of 2 bytes |
--- | `i[n]` `I[n]` | an integer of n bytes, 1 to 16 (4) |
--- | `l` `L` `j` `J` `T` | an integer of 8 bytes, T as unsigned as L and J |
--- | `f` `d` `n` | a float of 4 bytes, of 8, of 8 |
--- | `cn` | a string of exactly n bytes, filled up with zero bytes |
--- | `s[n]` | a string after its length, an unsigned integer of n bytes (8) |
--- | `z` | a string that ends with a zero byte |
--- | `x` | one byte of padding, zero |
--- | `Xop` | padding to the alignment of option op, which packs nothing |
--- | space | nothing |
---
--- Sizes are the same on every system, and native is little-endian. A small
--- letter is signed, a capital unsigned; an unsigned integer of 8 bytes or more
--- takes a negative number as its two's complement. A Lua number holds integers
--- up to 2^53 exactly: one beyond is an error; read and write it as `c8` or as
--- two `I4`.
local bytes = {}

--- A variant of base64.
---@alias bytes.base64variant
---| "std" # + and /, padded with =
---| "url" # - and _, padded with =
---| "raw" # + and /, without padding
---| "rawurl" # - and _, without padding, as JWTs have it

--- Packs values into a string by a format.
---
--- ```lua
--- local s = bytes.pack(">I2 s1", 80, "GET")
--- assert(s == "\0\80\3GET")
--- assert(bytes.pack("<i4", -2) == "\254\255\255\255")
--- ```
---@param fmt string the format
---@param ... any a value for each option that takes one
---@return string record
function bytes.pack(fmt, ...) end

--- Unpacks the values of a record from a string.
---
--- The last result is the position after the record: give it as pos to read the
--- next one. A string that is too short raises an error.
---
--- ```lua
--- local port, method, next = bytes.unpack(">I2 s1", "\0\80\3GET/")
--- assert(port == 80 and method == "GET" and next == 7)
--- local ok, err = pcall(bytes.unpack, "I4", "abc")
--- assert(not ok and err:find("4 bytes at position 1", 1, true))
--- ```
---@param fmt string the format
---@param s string the data
---@param pos? integer where the record starts, 1 unless given; negative counts from the end
---@return any ... the values, then the position after the record
function bytes.unpack(fmt, s, pos) end

--- Computes the size of a record, in bytes.
---
--- The format must not hold `s` or `z`, whose size depends on the value.
---
--- ```lua
--- assert(bytes.packsize("<I2 I4") == 6)
--- assert(bytes.packsize("!4 I2 I4") == 8)
--- ```
---@param fmt string the format
---@return integer size
function bytes.packsize(fmt) end

--- Writes each byte as two hex digits.
---
--- ```lua
--- assert(bytes.hex("GET") == "474554")
--- assert(bytes.hex("\0\26\255", ":") == "00:1a:ff")
--- ```
---@param s string the data
---@param sep? string what stands between two bytes, nothing unless given
---@return string text
function bytes.hex(s, sep) end

--- Reads hex digits back into bytes.
---
--- White space and colons may stand between bytes.
---
--- ```lua
--- assert(bytes.unhex("47 45:54") == "GET")
--- local s, err = bytes.unhex("4x")
--- assert(s == nil and err:find("position 2", 1, true))
--- ```
---@param text string the digits
---@return string s the bytes
---@return nil, string err what was wrong and at which position
function bytes.unhex(text) end

--- Shows data as lines of an offset, 16 bytes in hex, and their text.
---
--- Lines equal to the one before are left out behind a `*`. The last line is the
--- offset after the data; it has no line end. Nothing is shown of no data.
---
--- ```lua
--- assert(bytes.hexdump("GET / HTTP/1.1\r\n") ==
---   "00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|\n" ..
---   "00000010")
--- ```
---@param s string the data
---@param offset? integer the offset shown for the first byte, 0 unless given
---@return string text
function bytes.hexdump(s, offset) end

--- Encodes data in base64.
---
--- ```lua
--- assert(bytes.base64("hello") == "aGVsbG8=")
--- assert(bytes.base64("\251\255", "rawurl") == "-_8")
--- ```
---@param s string the data
---@param variant? bytes.base64variant "std" unless given
---@return string text
function bytes.base64(s, variant) end

--- Decodes base64.
---
--- White space is skipped. Padding must be there in "std" and "url", and must
--- not in "raw" and "rawurl".
---
--- ```lua
--- assert(bytes.unbase64("aGVs\nbG8=") == "hello")
--- assert(bytes.unbase64("-_8", "rawurl") == "\251\255")
--- local s, err = bytes.unbase64("aGV?")
--- assert(s == nil and err:find("position 4", 1, true))
--- ```
---@param text string the base64 text
---@param variant? bytes.base64variant "std" unless given
---@return string s the data
---@return nil, string err what was wrong and at which position
function bytes.unbase64(text, variant) end

--- Computes the CRC-32 of data, as Ethernet, zip and PNG have it.
---
--- ```lua
--- assert(bytes.crc32("123456789") == 0xcbf43926)
--- assert(bytes.crc32("6789", bytes.crc32("12345")) == bytes.crc32("123456789"))
--- ```
---@param s string the data
---@param crc? integer the CRC of what came before, 0 unless given
---@return integer crc from 0 to 2^32-1
function bytes.crc32(s, crc) end

--- Computes the SHA-256 of data, as 64 hex digits.
---
--- ```lua
--- assert(bytes.sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
--- ```
---@param s string the data
---@return string text
---@see bytes.hash
function bytes.sha256(s) end

--- Makes a hash that takes its data piece by piece, as it comes.
---
--- ```lua
--- local h = bytes.hash("sha256")
--- for _, piece in ipairs { "a", "b", "c" } do h:update(piece) end
--- assert(h:hex() == bytes.sha256("abc"))
--- ```
---@param name "sha256" which one
---@return hash h
function bytes.hash(name) end

--- A hash that is being computed.
---@class hash
local hash = {}

--- Adds data.
---
--- ```lua
--- assert(bytes.hash("sha256"):update("a"):update("bc"):hex() == bytes.sha256("abc"))
--- ```
---@param s string the data
---@return hash self
function hash:update(s) end

--- Answers the hash of what was added so far, in hex digits.
---
--- More may be added after it.
---
--- ```lua
--- local h = bytes.hash("sha256"):update("abc")
--- assert(h:hex() == bytes.sha256("abc"))
--- assert(h:update("d"):hex() == bytes.sha256("abcd"))
--- ```
---@return string text
function hash:hex() end

--- Combines each byte with a byte of a key by exclusive or.
---
--- The key is repeated as often as the data is long. Doing it twice gives the
--- data back.
---
--- ```lua
--- local masked = bytes.xor("hello", "\1\2")
--- assert(masked == "igmnn")
--- assert(bytes.xor(masked, "\1\2") == "hello")
--- ```
---@param a string the data
---@param b string the key, at least one byte
---@return string result as long as a
function bytes.xor(a, b) end

string.pack = bytes.pack
string.unpack = bytes.unpack
string.packsize = bytes.packsize

return bytes
