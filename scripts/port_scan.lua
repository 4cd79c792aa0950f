#!/usr/bin/env netrepl
-- Finds out which TCP ports of a machine are open, by connecting to each.
--
-- A closed port answers at once ("connection refused"); one behind a firewall
-- does not answer at all, and each costs the timeout. So many are tried at a
-- time, but not all: a number of fibers share the ports by a queue.
-- Scan machines that are yours, or whose owner agrees.

local opt = cli.parse {
  about = "Lists the open TCP ports of a machine.",
  flags = {
    { "ports", "string", "which, such as 22,80,8000-8100", default = "1-1024" },
    { "timeout", "duration", "how long to wait for a port", default = "1s" },
    { "at-once", "integer", "how many ports to try at a time", default = 100, min = 1, max = 10000 },
    { "progress", "boolean", "show how far it is; done anyway on a terminal" },
  },
  args = { { "host", "host", "the machine" } },
  examples = { "netrepl port_scan.lua localhost --ports 1-65535" },
}

local ports, total = fiber.queue(), 0
for part in (opt.ports .. ","):gmatch("(.-),") do
  local first, last = part:match("^(%d+)%-(%d+)$")
  first = tonumber(first or part:match("^%d+$") or "")
  last = last and tonumber(last) or first
  if not first or first < 1 or first > last or last > 65535 then
    cli.fail(("--ports: ports such as 22,80,8000-8100 expected, got %q"):format(opt.ports), 2)
  end
  for port = first, last do ports:put(port) end
  total = total + last - first + 1
end
ports:close() -- no more will come; those in it can still be taken

-- Connecting a UDP socket sends nothing, but looks up the name, once for all.
local u = socket.udp()
local ok, err = u:connect(opt.host, 9)
local address = u:getpeername()
if not address then cli.fail(opt.host .. ": " .. (err or "one machine expected")) end
u:close()

local open, results = {}, {} -- the open ports; how often each result came
local function try(port)
  local conn, err = socket.connect(address, port, { timeout = opt.timeout })
  if conn then
    open[#open + 1] = port
    conn:close()
  end
  local result = conn and "open" or err
  results[result] = (results[result] or 0) + 1
end

local fibers = {}
for i = 1, math.min(opt.at_once, total) do
  fibers[i] = spawn(function()
    for port in ports:values() do try(port) end
  end)
end

local progress
if opt.progress or os.getenv("TERM") and os.execute("test -t 2") == 0 then -- is stderr a terminal?
  progress = fiber.every(0.1, function()
    io.stderr:write(("\r%d of %d ports, %d open"):format(total - ports:len(), total, #open))
  end)
end
for _, f in ipairs(fibers) do assert(f:join()) end
if progress then
  progress:cancel()
  io.stderr:write(("\r%d of %d ports, %d open\n"):format(total, total, #open))
end

table.sort(open)
for _, port in ipairs(open) do print(port) end
local summary = {}
for result, n in pairs(results) do summary[#summary + 1] = ("%d %s"):format(n, result) end
table.sort(summary)
io.stderr:write(address, ": ", table.concat(summary, ", "), "\n")
