#!/usr/bin/env netrepl
-- A chat: what one says, all others read. Join with `nc 127.0.0.1 9999`.
--
-- Every member has two fibers: one reads what the member says, one sends what
-- the others say, out of a queue. So a member who does not read holds up nobody:
-- when the queue is full, that member misses lines.

local opt = cli.parse {
  about = "Passes on each line that a member sends to all others; /who lists the members, /quit leaves.",
  flags = {
    { "host", "host", "where to listen; * is every address", default = "127.0.0.1" },
    { "port", "port", "the port, 0 for a free one", default = 9999 },
  },
}

local members = {} -- the queue of each, by name

local function names()
  local list = {}
  for name in pairs(members) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- put may let another fiber run, in which members come and go: so this walks
-- through a list of its own.
local function tell(text, except)
  for _, name in ipairs(names()) do
    local queue = members[name]
    if queue and name ~= except then queue:put(text, 0) end
  end
end

-- What others will see on their terminals: control characters must not get there.
local function clean(line) return (line:gsub("%c", "")) end

local function join(conn)
  conn:write("Your name?\n")
  for line in conn:lines() do
    local name = clean(line):match("^%s*(%S+)%s*$")
    if not name or #name > 20 then
      conn:write("One word, please, of at most 20 bytes.\n")
    elseif members[name] then
      conn:write(name, " is taken.\n")
    else
      return name
    end
  end
end

local function chat(conn)
  local name = join(conn)
  if not name then return end
  local queue = fiber.queue(100)
  members[name] = queue
  fiber.defer(function() -- however this fiber ends
    members[name] = nil
    queue:close()
    tell("* " .. name .. " left")
    print(name .. " left")
  end)
  spawn(function()
    for text in queue:values() do conn:write(text, "\n") end
  end)

  print(name .. " came")
  tell("* " .. name .. " came", name)
  queue:put("Welcome, " .. name .. "! Here: " .. table.concat(names(), ", "))
  for line in conn:lines() do
    if line == "/quit" then break end
    if line == "/who" then
      queue:put("Here: " .. table.concat(names(), ", "), 0)
    else
      tell(name .. ": " .. clean(line), name)
    end
  end
end

local server, err = socket.serve(opt.host, opt.port, chat)
if not server then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
print("listening on " .. tostring(server):match("%S+$"))
