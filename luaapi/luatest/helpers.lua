-- The globals of a test that are written in Lua; see luatest.go. Answers the
-- function that tells whether a text is the expected one.
local find, format, rep = string.find, string.format, string.rep
local pairs, type, tostring, error, pcall, rawget, next = pairs, type, tostring, error, pcall, rawget, next
local concat = table.concat

local function matches(text, want)
  if find(text, want, 1, true) then return true end
  local ok, found = pcall(find, text, want)
  return ok and found ~= nil
end

local function show(v, depth)
  if type(v) == "string" then
    if #v > 200 then
      return format("%q", v:sub(1, 200)):gsub("\\\n", "\\n") .. "... (" .. #v .. " bytes)"
    end
    return (format("%q", v):gsub("\\\n", "\\n"):gsub("[^\32-\126]", function(c) return format("\\%03d", c:byte()) end))
  end
  if type(v) ~= "table" then return tostring(v) end
  if depth == 0 then return "{...}" end
  local parts, n = {}, 0
  for i = 1, #v do
    if i > 20 then break end
    n = i
    parts[i] = show(v[i], depth - 1)
  end
  for k, x in pairs(v) do
    if not (type(k) == "number" and k >= 1 and k <= #v and k % 1 == 0) then
      if #parts > n + 20 then
        parts[#parts + 1] = "..."
        break
      end
      local name = type(k) == "string" and find(k, "^[%a_][%w_]*$") and k or "[" .. show(k, 1) .. "]"
      parts[#parts + 1] = name .. " = " .. show(x, depth - 1)
    end
  end
  if #v > 20 then parts[#parts + 1] = "... (" .. #v .. ")" end
  return "{" .. concat(parts, ", ") .. "}"
end

local function step(path, k)
  if type(k) == "string" and find(k, "^[%a_][%w_]*$") then return path .. "." .. k end
  return path .. "[" .. show(k, 1) .. "]"
end

-- Adds to list where got differs from want.
local function compare(got, want, path, list, seen)
  if #list > 10 or got == want or got ~= got and want ~= want then return end
  if type(got) == "table" and type(want) == "table" then
    if seen[got] == want then return end
    seen[got] = want
    for k, v in pairs(want) do compare(rawget(got, k), v, step(path, k), list, seen) end
    for k, v in pairs(got) do
      if rawget(want, k) == nil then compare(v, nil, step(path, k), list, seen) end
    end
    return
  end
  local line = format("%s: got %s, want %s", path, show(got, 2), show(want, 2))
  if type(got) == "string" and type(want) == "string" and #got + #want > 60 then
    local i = 1
    while got:byte(i) == want:byte(i) do i = i + 1 end
    local from = i > 20 and i - 20 or 1
    line = format("%s: %d bytes, want %d; from byte %d on they differ:\n  got  ...%s\n  want ...%s", path,
      #got, #want, i, show(got:sub(from, i + 40), 1), show(want:sub(from, i + 40), 1))
  end
  list[#list + 1] = line
end

function eq(got, want, msg)
  local list = {}
  compare(got, want, "value", list, {})
  if #list > 10 then list[11] = "..." end
  if #list > 0 then
    error((msg and tostring(msg) .. ": " or "") .. concat(list, "\n  "), 2)
  end
end

function raises(fn, want)
  local ok, err = pcall(fn)
  if ok then error(format("no error raised, want %s", show(want, 1)), 2) end
  if not matches(tostring(err), want) then
    error(format("raised %s\n  want   %s", show(tostring(err), 1), show(want, 1)), 2)
  end
  return err
end

return matches
