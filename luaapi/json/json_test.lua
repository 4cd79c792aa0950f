local function roundtrip(text)
  local v, err = json.decode(text)
  assert(v ~= nil, err)
  return json.encode(v)
end

local function refused(text, want)
  local v, err = json.decode(text)
  assert(v == nil, text)
  assert(err == want, ("%q: got %s, want %s"):format(text, err, want))
end

local function unencodable(v, want)
  local ok, err = pcall(json.encode, v)
  assert(not ok)
  assert(err:find(want, 1, true), ("got %s, want %s"):format(err, want))
end

function test_values()
  assert(json.decode("true") == true)
  assert(json.decode(" false ") == false)
  assert(json.decode("null") == json.null)
  assert(json.decode('"x"') == "x" and json.decode('""') == "")
  assert(json.decode("-12.5e1") == -125)
  assert(json.decode("0.1") == 0.1 and json.decode("123456789.123") == 123456789.123)
  assert(json.decode("1E2") == 100 and json.decode("1e-7") == 1e-7)
  assert(1 / json.decode("-0") == -1/0)
  assert(json.decode("9007199254740992") == 2^53)
  assert(json.decode("-9007199254740992") == -2^53)
  local t = json.decode('\t{"a" : [ 1 , {"b":[]} ],\r\n"":null}')
  assert(t.a[1] == 1 and #t.a[2].b == 0 and t[""] == json.null)
end

function test_duplicate_keys_last_wins()
  local t = json.decode('{"a":1,"b":2,"a":3}')
  assert(t.a == 3 and t.b == 2)
end

function test_keys_keep_the_order_of_the_text()
  local keys = {}
  for k in pairs(json.decode('{"z":1,"a":2,"m":3}')) do keys[#keys + 1] = k end
  assert(table.concat(keys) == "zam")
  assert(json.encode(json.decode('{"z":1,"a":2}'), { sort = false }) == '{"z":1,"a":2}')
end

function test_encode()
  assert(json.encode(true) == "true" and json.encode(json.null) == "null")
  assert(json.encode({}) == "{}" and json.encode({ {} }) == "[{}]")
  assert(json.encode({ b = 1, a = { 1, "x", false } }) == '{"a":[1,"x",false],"b":1}')
  local removed = { 1, 2, x = 3 }
  removed.x = nil
  assert(json.encode(removed) == "[1,2]")
  removed[1], removed[2], removed.y = nil, nil, 1
  assert(json.encode(removed) == '{"y":1}')
end

function test_numbers()
  assert(json.encode(2^53) == "9007199254740992" and json.encode(-2^53) == "-9007199254740992")
  assert(json.encode(1e15) == "1000000000000000" and json.encode(0.1) == "0.1")
  assert(json.encode(2^54) == "1.8014398509481984e+16")
  assert(json.encode(1e300) == "1e+300" and json.encode(1e-9) == "1e-09")
  assert(json.encode(123456.75) == "123456.75")
  for _, n in ipairs { 2^54, 1e300, 5e-324, 1/3, -1e21, 4.35, 0.000001, 1.7976931348623157e308 } do
    assert(json.decode(json.encode(n)) == n)
  end
end

function test_strings()
  assert(json.encode('a"b\\c/\n\t\r\b\f\1\127') == '"a\\"b\\\\c/\\n\\t\\r\\b\\f\\u0001\127"')
  assert(json.decode([["\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"]]) == '"\\/\b\f\n\r\tA\195\169\226\130\172\240\159\152\128')
  -- Not UTF-8: byte for byte.
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  all = table.concat(all)
  assert(json.decode(json.encode(all)) == all)
  assert(json.encode("\255\254") == '"\255\254"')
  local long = ("x"):rep(1000) .. "\n"
  assert(json.decode(json.encode({ [long] = long }))[long] == long)
end

function test_arrays()
  assert(roundtrip("[]") == "[]" and roundtrip("{}") == "{}")
  assert(roundtrip('{"a":[],"b":[[],{}]}') == '{"a":[],"b":[[],{}]}')
  assert(getmetatable(json.decode("[1]")).__name == "json.array")
  local t = json.decode("[1]")
  t[1] = nil
  assert(json.encode(t) == "[]")
  local a = {}
  assert(json.array(a) == a and json.encode(a) == "[]")
  assert(json.encode(json.array()) == "[]")
  -- Marked by another runtime.
  assert(json.encode(setmetatable({}, { __name = "json.array" })) == "[]")
  unencodable(json.array({ a = 1 }), '$: array expected, got a table marked as one with key "a"')
end

function test_null()
  assert(tostring(json.null) == "null" and type(json.null) == "userdata")
  assert(roundtrip('{"a":null,"b":[null,1]}') == '{"a":null,"b":[null,1]}')
  assert(json.decode("[null]", { null = false })[1] == false)
  assert(json.decode("[null]", { null = "none" })[1] == "none")
end

function test_indent()
  assert(json.encode({ a = { 1, {} }, b = {} }, { indent = 2 }) ==
    '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": {}\n}')
  assert(json.encode({ 1 }, { indent = "\t" }) == "[\n\t1\n]")
  assert(json.encode({ 1 }, { indent = 0 }) == "[1]")
  for _, bad in ipairs { 17, -1, 1.5, "x", true } do
    assert(not pcall(json.encode, {}, { indent = bad }))
  end
end

function test_unencodable()
  unencodable({ a = { 1, 2, 0/0 } }, "$.a[3]: finite number expected, got ")
  unencodable(1/0, "$: finite number expected, got +Inf")
  unencodable({ ["a b"] = { x = print } }, '$["a b"].x: boolean, number, string, table or json.null expected, got a function')
  unencodable({ 1, nil, 3 }, "$: array without holes expected, got nil at 2 of 3 - json.null keeps the place")
  unencodable({ 1, x = 2 }, '$: array or object expected, got a table with both, key 1..1 and key "x"')
  unencodable({ k = { [0] = 1 } }, "$.k: keys 1..n or strings expected, got key 0")
  unencodable({ [true] = 1 }, "got key true")
  unencodable({ [1.5] = 1 }, "got key 1.5")
  unencodable(nil, "$: value expected, got nil - json.null gives null")
  assert(not pcall(json.encode))
  assert(not pcall(json.encode, 1, { nosuch = true }))
end

function test_cycles_and_depth()
  local t = { a = {} }
  t.a.b = { t }
  unencodable(t, "$.a.b[1]: tree expected, got a cycle (the table 3 above)")
  local shared = { 1 }
  assert(json.encode({ shared, shared }) == "[[1],[1]]")
  local deep = {}
  for _ = 1, 999 do deep = { deep } end
  assert(json.decode(json.encode(deep)))
  unencodable({ deep }, "at most 1000 levels expected, got more")
  assert(json.decode(("["):rep(1000) .. ("]"):rep(1000)))
  refused(("["):rep(1001), "line 1, column 1001: " .. "$" .. ("[1]"):rep(8) .. "..." .. ("[1]"):rep(8) .. ": at most 1000 levels expected, got more")
  assert(not json.decode(("["):rep(1e6)))
  assert(not json.decode(('{"a":'):rep(1e5)))
end

function test_big_integers()
  refused('{"list":[1,9007199254740993]}',
    'line 1, column 12: $.list[2]: integer within 2^53 expected, got 9007199254740993 - decode with {bigint="string"} to read it as a string')
  refused("-9007199254740993",
    'line 1, column 1: integer within 2^53 expected, got -9007199254740993 - decode with {bigint="string"} to read it as a string')
  local t = json.decode('[9007199254740993, 1, -12345678901234567890123, 9007199254740992]', { bigint = "string" })
  assert(t[1] == "9007199254740993" and t[2] == 1 and t[3] == "-12345678901234567890123" and t[4] == 2^53)
  assert(#json.decode(("9"):rep(400), { bigint = "string" }) == 400)
  assert(json.decode("1e20") == 1e20 and json.decode("12345678901234567890.0") == 12345678901234567890)
  assert(not pcall(json.decode, "1", { bigint = "number" }))
end

function test_not_json()
  refused("", "line 1, column 1: value expected, got the end")
  refused('{\n  "a": }', 'line 2, column 8: $.a: value expected, got "}"')
  refused("[1,]", 'line 1, column 4: $[2]: value expected, got "]"')
  refused("[1 2]", 'line 1, column 4: "," or "]" expected, got "2"')
  refused('{"a" 1}', 'line 1, column 6: ":" expected, got "1"')
  refused("{a:1}", 'line 1, column 2: key in quotes expected, got "a"')
  refused('{"a":1,}', 'line 1, column 8: key in quotes expected, got "}"')
  refused("1 2", 'line 1, column 3: end of the text expected, got "2"')
  refused('"abc', 'line 1, column 5: closing "\\"" expected, got the end')
  refused('"a\nb"', 'line 1, column 3: escape for a control character expected, got "\\n"')
  refused('"\\x"', 'line 1, column 3: one of "\\/bfnrtu after a backslash expected, got "x"')
  refused('"\\u12g4"', 'line 1, column 6: hex digit expected, got "g"')
  refused('"\\u12', "line 1, column 6: hex digit expected, got the end")
  refused('"\\ud800"', 'line 1, column 2: pair of surrogates expected, got "\\\\ud800" alone')
  refused('"\\udc00\\ud800"', 'line 1, column 2: pair of surrogates expected, got "\\\\udc00" alone')
  refused("01", 'line 1, column 2: number without leading "0" expected, got "1"')
  refused("1.", "line 1, column 3: digit expected, got the end")
  refused("1e+", "line 1, column 4: digit expected, got the end")
  refused("-", "line 1, column 2: digit expected, got the end")
  refused("1e999", "line 1, column 1: number within 1.8e308 expected, got 1e999")
  for _, bad in ipairs { "+1", ".5", "NaN", "nul", "tru", "'a'", "[1}", "{", "[", "\0", "\239\187\1911", "[1]//", "\v1", '{"a":1 "b"}', "-a" } do
    local v, err = json.decode(bad)
    assert(v == nil and err:find("^line 1, column %d+: "), bad)
  end
end

function test_decode_wants_a_string()
  assert(not pcall(json.decode))
  assert(not pcall(json.decode, {}))
  assert(not pcall(json.decode, "1", { nosuch = 1 }))
end
