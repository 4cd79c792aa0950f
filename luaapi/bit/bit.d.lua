---@meta

--- Computes with the bits of 32-bit integers, as LuaJIT and Lua BitOp do.
---
--- Every argument is rounded to an integer and taken modulo 2^32; every result
--- is signed, from -2^31 to 2^31-1. Write `x % 2^32` to have it unsigned.
local bit = {}

--- Brings a number into the range of the results.
---
--- ```lua
--- assert(bit.tobit(0xffffffff) == -1)
--- assert(bit.tobit(2^40 + 1234) == 1234)
--- assert(bit.tobit(-1) % 2^32 == 0xffffffff)
--- ```
---@param x number the number
---@return integer y
function bit.tobit(x) end

--- Writes a number in hex.
---
--- ```lua
--- assert(bit.tohex(-1) == "ffffffff")
--- assert(bit.tohex(0x21, 4) == "0021")
--- assert(bit.tohex(0xcafe, -4) == "CAFE")
--- ```
---@param x number the number
---@param n? integer how many of the last digits, 8 unless given; negative for capitals
---@return string text
function bit.tohex(x, n) end

--- Inverts every bit.
---
--- ```lua
--- assert(bit.bnot(0) == -1)
--- assert(bit.bnot(0x12345678) == -0x12345679)
--- ```
---@param x number the number
---@return integer y
function bit.bnot(x) end

--- Combines all arguments by and: keeps the bits that all have.
---
--- ```lua
--- assert(bit.band(0xff0f, 0x0fff, 0x00ff) == 0x0f)
--- ```
---@param x number the first
---@param ... number more
---@return integer y
function bit.band(x, ...) end

--- Combines all arguments by or: sets the bits that any has.
---
--- ```lua
--- assert(bit.bor(1, 2, 8) == 11)
--- ```
---@param x number the first
---@param ... number more
---@return integer y
function bit.bor(x, ...) end

--- Combines all arguments by exclusive or.
---
--- ```lua
--- assert(bit.bxor(0xff, 0x0f) == 0xf0)
--- ```
---@param x number the first
---@param ... number more
---@return integer y
function bit.bxor(x, ...) end

--- Shifts to the left; zeros come in.
---
--- Only the lower 5 bits of the count are used, here and in the shifts below.
---
--- ```lua
--- assert(bit.lshift(1, 8) == 256)
--- assert(bit.lshift(1, 31) == -2^31)
--- assert(bit.lshift(1, 32) == 1)
--- ```
---@param x number the number
---@param n integer by how many bits
---@return integer y
function bit.lshift(x, n) end

--- Shifts to the right; zeros come in.
---
--- ```lua
--- assert(bit.rshift(256, 8) == 1)
--- assert(bit.rshift(-1, 28) == 15)
--- ```
---@param x number the number
---@param n integer by how many bits
---@return integer y
function bit.rshift(x, n) end

--- Shifts to the right; copies of the sign come in.
---
--- ```lua
--- assert(bit.arshift(-256, 8) == -1)
--- ```
---@param x number the number
---@param n integer by how many bits
---@return integer y
function bit.arshift(x, n) end

--- Rotates to the left: what goes out comes in at the other end.
---
--- ```lua
--- assert(bit.rol(0x12345678, 12) == 0x45678123)
--- ```
---@param x number the number
---@param n integer by how many bits
---@return integer y
function bit.rol(x, n) end

--- Rotates to the right: what goes out comes in at the other end.
---
--- ```lua
--- assert(bit.ror(0x12345678, 12) == 0x67812345)
--- ```
---@param x number the number
---@param n integer by how many bits
---@return integer y
function bit.ror(x, n) end

--- Reverses the order of the four bytes.
---
--- ```lua
--- assert(bit.bswap(0x12345678) == 0x78563412)
--- ```
---@param x number the number
---@return integer y
function bit.bswap(x) end

return bit
