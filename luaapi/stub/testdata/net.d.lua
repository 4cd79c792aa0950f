---@meta

--- Opens connections and servers.
---
--- Every call that may wait lets other fibers run meanwhile. Names that a long
--- line of prose holds are wrapped:
---
--- - a list item that is quite long and has to be broken over two lines in a terminal
--- - `net.AF_INET`, a constant
---
--- ```lua
--- assert(net.connect)
--- ```
local net = {}

---@alias family "inet"|"inet6" an address family

--- What to end.
---@alias how
---| "send" # the sending half
---| "both" # all

--- Options of a connection.
---@class net.options
---@field timeout? number the limit in seconds,
---  name look-up included
---@field family? family

--- Options of a dialled connection.
---@class net.dial_options : net.options
---@field keepalive? boolean

--- Opens a TCP connection. It resolves names.
---
--- The deadline covers the whole call.
---
--- ```lua
--- local c = net.connect("localhost", 80)
---
--- assert(c == nil or c:send("x"))
--- ```
---@async
---@param host string a name or an address, as in "localhost", "::1" or "unix:/run/x.sock"
---@param port integer 0..65535
---@param opts? net.options
---@return tcp conn the connection
---@return nil, string err
---@overload fun(address: string): tcp
---@see tcp:send, net.dns.toip
function net.connect(host, port, opts) end

--- Waits for one of many things with a call so long that it cannot stand on one line of a terminal.
---@param readers table<string, tcp>|fun(a: string, b: integer): string, integer  what to read
---@param writers? table
---@param ... any
---@return table|nil readable
---@return string? err
function net.select_from_a_long_name(readers, writers, ...) end

net.AF_INET = 2 --- The IPv4 family.

--- The null value.
---@type userdata
net.null = nil

--- Looks up names.
net.dns = {}

--- Resolves a name.
---@async
---@param name string
---@return string? address
---@return string? err
function net.dns.toip(name) end

net.open = net.connect

--- Opens a connection as told.
---
--- ```sh
--- netrepl dial
--- ```
---@param opts? net.dial_options|string
---@return tcp conn
---@return nil, string err
function net.dial(opts) end

--- A stream of bytes.
---@class stream
---@field timeout number prose
local stream = {}

--- Sends all of data.
---@async
---@param data string|string[] what to send
---@param i? integer first byte
---@param j? integer last byte
---@return integer? last
---@return string? err
---@return integer? sent
function stream:send(data, i, j) end

--- Closes the stream.
function stream:close() end

stream.sendall = stream.send

--- A TCP connection.
---@class tcp : stream
local conn = {}

--- Answers the peer's address.
---@return string host, integer port
function conn:getpeername() end

conn.write = conn.send

--- Starts a fiber. See
--- elsewhere.
---@param fn function
---@param ... any
function spawn(fn, ...) end

--- Packs.
---@param fmt string
function string.pack(fmt) end

return net
