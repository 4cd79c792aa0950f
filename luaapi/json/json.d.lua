---@meta

--- Writes Lua values as JSON texts and reads them back.
---
--- | JSON | Lua |
--- | --- | --- |
--- | object | table with string keys |
--- | array | table with keys 1..n, marked as an array |
--- | null | json.null |
--- | string | string, byte for byte: nothing is changed that is not UTF-8 |
--- | number | number |
---
--- An array that was decoded is marked by its metatable, so that an empty one is
--- written as `[]` again; any other empty table is `{}`. json.array marks a table
--- by hand.
---
--- ```lua
--- local t = json.decode('{"none": null, "list": []}')
--- assert(t.none == json.null and tostring(t.none) == "null")
--- assert(json.encode(t) == '{"list":[],"none":null}')
--- ```
local json = {}

--- The value of JSON's null. It is true in a condition, and equal to itself only.
---@type userdata
json.null = nil

--- How json.encode writes.
---@class json.encode.opts
---@field indent? integer|string spaces, or a string of spaces and tabs: each value on a line of its own, so much deeper
---@field sort? boolean sort the keys (true); false keeps the order in which they came into the table

--- How json.decode reads.
---@class json.decode.opts
---@field bigint? "error"|"string" "string" gives integers beyond 2^53 as strings, "error" (unless given) fails
---@field null? any what to give for null, json.null unless given

--- Writes a value as a JSON text.
---
--- A table is an object if its keys are strings, an array if they are 1..n.
--- Metamethods are not used. What JSON cannot say raises an error that names the
--- place: other keys, holes in an array, nan and inf, functions, a table inside
--- itself, more than 1000 levels.
---
--- ```lua
--- assert(json.encode({name = "box", size = {3, 4.5}}) == '{"name":"box","size":[3,4.5]}')
--- assert(json.encode({1, 2}, {indent = 2}) == "[\n  1,\n  2\n]")
--- local ok, err = pcall(json.encode, {a = {1, 2, print}})
--- assert(not ok and err:find("$.a[3]", 1, true))
--- ```
---@param value any the value
---@param opts? json.encode.opts how to write it
---@return string text
function json.encode(value, opts) end

--- Reads a JSON text.
---
--- The text is read strictly by RFC 8259. Of two equal keys the last one wins.
--- pairs gives the keys in the order of the text.
---
--- A Lua number holds integers up to 2^53 exactly: one beyond is an error unless
--- bigint asks for strings.
---
--- ```lua
--- local t = json.decode('{"list": [1, true, "x"], "none": {}}')
--- assert(#t.list == 3 and t.list[3] == "x" and next(t.none) == nil)
--- local v, err = json.decode('{\n  "a": }')
--- assert(v == nil and err == 'line 2, column 8: $.a: value expected, got "}"')
--- assert(json.decode("12345678901234567890", {bigint = "string"}) == "12345678901234567890")
--- assert(json.decode("null", {null = false}) == false)
--- ```
---@param text string the text
---@param opts? json.decode.opts how to read it
---@return any value what the text says
---@return nil, string err what was wrong, at which line and column (in bytes)
function json.decode(text, opts) end

--- Marks a table as an array, so that it is written as `[]` when it is empty.
---
--- The mark is the table's metatable; it replaces any other.
---
--- ```lua
--- assert(json.encode({}) == "{}")
--- assert(json.encode(json.array()) == "[]")
--- assert(json.encode({items = json.array({})}) == '{"items":[]}')
--- ```
---@param t? table the table, a new one unless given
---@return table t the same table
function json.array(t) end

return json
