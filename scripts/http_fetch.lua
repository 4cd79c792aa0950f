#!/usr/bin/env netrepl
-- Fetches a page by hand: HTTP is text over TCP.
--
-- Connect to port 80, send a request, receive to the end; up to the first empty
-- line it is the header, after it the body. HTTP/1.0 keeps it this simple: the
-- server sends the body as it is and closes.

local opt = cli.parse {
  about = "Fetches a page over HTTP, prints the header and saves the body.",
  flags = {
    { "timeout", "duration", "how long the server may be silent", default = "30s" },
  },
  args = {
    { "url", "string", "what to fetch, http:// only" },
    { "file", "string", "where to save the body, - for the output; named as in the URL unless given", optional = true },
  },
  examples = { "netrepl http_fetch.lua http://example.com/", "netrepl http_fetch.lua http://localhost:8000/cat.jpg -" },
}

-- http://host:port/path?query#fragment. The fragment stays here; a space or a
-- line end would end the request line too early.
local authority, target = opt.url:match("^[hH][tT][tT][pP]://([^/?#%c ]+)([^#%c ]*)")
if not authority or opt.url:find("[%c ]") then cli.fail(opt.url .. ": not an http:// URL") end
local host, port = authority:match("^(.*):(%d+)$") -- [::1]:80 has colons elsewhere, too
host, port = host or authority, tonumber(port or "80")
if not port or port > 65535 then cli.fail(opt.url .. ": no such port") end
if target:sub(1, 1) ~= "/" then target = "/" .. target end

-- The last part of the path names the file.
local name = opt.file or target:match("^[^?]*/([^?]*)")
if not opt.file and name:find("^%.*$") then name = "index.html" end -- "", "." or ".."

local function check(ok, err) return ok or cli.fail(opt.url .. ": " .. err) end

local conn = check(socket.connect(host, port, { timeout = opt.timeout }))
conn:settimeout(opt.timeout)
conn:write("GET ", target, " HTTP/1.0\r\n")
conn:write("Host: ", authority, "\r\n") -- one server may hold many sites
conn:write("Connection: close\r\n\r\n")

local header = check(conn:recvuntil("\r\n\r\n"))
local status, reason = header:match("^HTTP/%d%.%d (%d%d%d) ?([^\r\n]*)")
if not status then cli.fail(opt.url .. ": the answer is not HTTP") end
local stdout = opt.file == "-"
local say = stdout and io.stderr or io.stdout
say:write(header, "\n\n")
if status:sub(1, 1) ~= "2" then cli.fail(("%s: %s %s"):format(opt.url, status, reason)) end

-- The body goes to the file as it comes, so its size does not matter. The file
-- gets its name when it is whole; until then, whatever happens, it can go.
local part = name .. ".part"
local out = stdout and io.stdout or check(io.open(part, "wb"))
if not stdout then fiber.defer(function() os.remove(part) end) end
local size = 0
while true do
  local data, err = conn:recv()
  if not data then
    if err == "closed" then break end -- the end of the body
    cli.fail(("%s: %s after %d bytes"):format(opt.url, err, size))
  end
  check(out:write(data))
  size = size + #data
end
-- A connection that broke ends like one that is done. The length tells.
local length = ("\n" .. header):lower():match("\ncontent%-length:%s*(%d+)")
if length and tonumber(length) ~= size then
  cli.fail(("%s: %d bytes of %s came"):format(opt.url, size, length))
end
if not stdout then
  check(out:close())
  check(os.rename(part, name))
  say:write(("%d bytes saved as %s\n"):format(size, name))
end
