---@meta

---JSON texts from Lua values and back.
---
---| JSON | Lua |
---| --- | --- |
---| object | table with string keys |
---| array | table with keys 1..n, marked as an array |
---| null | json.null |
---| string | string, byte for byte: nothing is changed that is not UTF-8 |
---| number | number |
---
---An array that was decoded is marked by its metatable, so that an empty one is
---written as `[]` again; any other empty table is `{}`. json.array marks a table
---by hand.
local json = {}

---The value of JSON's null. It is true in a condition, and equal to itself only.
---
---```lua
---local t = json.decode('{"a": null}')
---assert(t.a == json.null and tostring(t.a) == "null")
---assert(json.encode({json.null}) == "[null]")
---```
---@type userdata
json.null = nil

---Writes a value as a JSON text.
---
---A table is an object if its keys are strings, an array if they are 1..n.
---Metamethods are not used. What JSON cannot say raises an error that names the
---place: other keys, holes in an array, nan and inf, functions, a table inside
---itself, more than 1000 levels.
---
---Options: `indent`, a number of spaces or a string of spaces and tabs, writes
---each value on a line of its own; `sort=false` writes keys in the order in
---which they came into the table instead of sorted.
---
---```lua
---assert(json.encode({name = "box", size = {3, 4.5}}) == '{"name":"box","size":[3,4.5]}')
---assert(json.encode({1, 2}, {indent = 2}) == "[\n  1,\n  2\n]")
---local ok, err = pcall(json.encode, {a = {1, 2, print}})
---assert(not ok and err:find("$.a[3]", 1, true))
---```
---@param value any the value
---@param opts? {indent?: integer|string, sort?: boolean} how to write it
---@return string text
function json.encode(value, opts) end

---Reads a JSON text.
---
---The text is read strictly by RFC 8259. Of two equal keys the last one wins.
---pairs gives the keys in the order of the text.
---
---Options: `bigint="string"` gives integers beyond 2^53 as strings, since a Lua
---number does not hold them exactly; without it they are an error. `null` is the
---value to give for null instead of json.null.
---
---```lua
---local t = json.decode('{"list": [1, true, "x"], "none": {}}')
---assert(#t.list == 3 and t.list[3] == "x" and next(t.none) == nil)
---local v, err = json.decode('{\n  "a": }')
---assert(v == nil and err == 'line 2, column 8: $.a: value expected, got "}"')
---assert(json.decode("12345678901234567890", {bigint = "string"}) == "12345678901234567890")
---assert(json.decode("null", {null = false}) == false)
---```
---@param text string the text
---@param opts? {bigint?: "error"|"string", null?: any} how to read it
---@return any value nil if the text is not JSON
---@return string|nil err what was wrong, at which line and column (in bytes)
function json.decode(text, opts) end

---Marks a table as an array, so that it is written as `[]` when it is empty.
---
---The mark is the table's metatable; it replaces any other.
---
---```lua
---assert(json.encode({}) == "{}")
---assert(json.encode(json.array()) == "[]")
---assert(json.encode({items = json.array({})}) == '{"items":[]}')
---```
---@param t? table the table, a new one unless given
---@return table t the same table
function json.array(t) end

return json
