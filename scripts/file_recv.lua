#!/usr/bin/env netrepl
-- Receives files from file_send.lua, which explains the protocol.
--
-- What comes from the network is not to be trusted: the name must be a plain
-- one, or a sender could write wherever it likes; and the file gets its name
-- when all of it came and its hash is right. Until then it is NAME.part, and if
-- the transfer breaks, that goes.

local opt = cli.parse {
  about = "Receives files from file_send.lua; a file of the same name is replaced.",
  flags = {
    { "host", "host", "where to listen; * is every address", default = "127.0.0.1" },
    { "port", "port", "the port, 0 for a free one", default = 9999 },
    { "dir", "string", "the folder for what comes", default = "." },
    { "once", "boolean", "end after one transfer, with 1 if it failed" },
    { "timeout", "duration", "how long the other side may be silent", default = "30s" },
  },
  examples = { "netrepl file_recv.lua --host 0.0.0.0 --dir incoming" },
}

-- Calls that fail give nil and why; here that ends the transfer.
local function check(ok, err) return ok or error(err, 0) end

-- Tells what is wrong with a name; most file systems take 255 bytes.
local function refuse(name)
  if name == "" then return "empty name" end
  if #name > 250 then return "name too long" end
  if name:find("%c") then return "control character in name" end
  if name:find("[/\\]") or name == "." or name == ".." then return "name is not a plain file name" end
  if name:find("%.part$") then return "name ends in .part" end
end

local busy = {} -- names that are being received

-- Receives one file, up to the last OK. It runs in a fiber of its own.
local function receive(conn)
  -- 1. The name.
  local length = check(check(conn:recvline()):match("^NAME (%d+)$"), "NAME expected")
  if #length > 3 then error("name too long", 0) end
  local name = check(conn:recvn(tonumber(length)))
  local wrong = refuse(name) or busy[name] and "another transfer of it is under way"
  if wrong then error(wrong, 0) end
  busy[name] = true
  fiber.defer(function() busy[name] = nil end)
  local path = opt.dir .. "/" .. name
  local file = check(io.open(path .. ".part", "wb"))
  -- Runs when this fiber ends, however it ends. Once the file has its name
  -- there is nothing left to close and remove.
  fiber.defer(function()
    if io.type(file) == "file" then file:close() end
    os.remove(path .. ".part")
  end)
  conn:send("OK\n")

  -- 2. The size.
  local size = check(check(conn:recvline()):match("^SIZE (%d+)$"), "SIZE expected")
  if #size > 15 then error("size too large", 0) end
  conn:send("OK\n")

  -- 3. The content and its hash.
  local hash, left = bytes.hash("sha256"), tonumber(size)
  while left > 0 do
    local data = check(conn:recv(math.min(left, 65536)))
    hash:update(data)
    check(file:write(data))
    left = left - #data
  end
  local sum = check(check(conn:recvline()):match("^SHA256 (%x+)$"), "SHA256 expected: more came than the size said")
  if sum:lower() ~= hash:hex() then error("the hash is wrong", 0) end
  check(file:close())
  check(os.rename(path .. ".part", path))
  return ("received %s, %s bytes"):format(name, size)
end

local server, err
server, err = socket.serve(opt.host, opt.port, function(conn, host, port)
  if opt.once then server:stop() end
  local ok, text = spawn(receive, conn):join() -- its clean-up has run by then
  if ok then
    print(text)
    conn:send("OK\n")
    return
  end
  io.stderr:write(host, " port ", port, ": ", text, "\n")
  conn:send("ERR " .. text .. "\n")
  -- What is still coming must be taken, or the other side could find its
  -- connection reset before it has read the answer.
  conn:shutdown("write")
  repeat until not conn:recv(65536, { timeout = 1 })
  if opt.once then os.exit(1) end
end, { timeout = opt.timeout })
if not server then cli.fail(("%s port %d: %s"):format(opt.host, opt.port, err)) end
print("listening on " .. tostring(server):match("%S+$"))
