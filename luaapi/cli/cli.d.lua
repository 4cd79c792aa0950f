---@meta

---Reads the words a script was started with.
---
---A script declares what it takes, and gets typed values, `--help`, and errors
---worded like those of netrepl itself:
---
---```text
---local opt = cli.parse {
---  about = "Greets every connection and answers each line.",
---  flags = {
---    { "host", "host", "where to listen", default = "127.0.0.1" },
---    { "port", "port", "the port, 0 for a free one", default = 9999, short = "p" },
---    { "timeout", "duration", "how long to wait for a line" },
---    { "mode", { "tcp", "udp" }, "how to send", default = "tcp" },
---    { "dry-run", "boolean", "only say what would be done" },
---  },
---  args = {
---    { "url", "string", "what to fetch" },
---    { "file", "string", "where to save it", optional = true },
---  },
---  examples = { "netrepl fetch.lua --mode udp http://localhost/" },
---}
---print(opt.host, opt.port, opt.timeout, opt.dry_run, opt.url, opt.file)
---```
---
---A flag is given as `--port 80`, `--port=80`, `-p 80` or `-p80`, a boolean as
---`--dry-run` or `--no-dry-run`, at any place; after `--` nothing is a flag.
---What was not given and has no default is nil, a boolean false, a list empty.
---
---The types:
---
---- `string`: any text
---- `integer`, `number`: within `min` and `max`, if the declaration has them
---- `boolean`: a flag without a value
---- `port`: 0 to 65535
---- `host`: a host name, an address, or `*` for every address; `[::1]` loses its brackets
---- `duration`: seconds as a number; `1.5`, `200ms`, `2m`, `1h30m`
---- `size`: bytes as a number; `512`, `64K`, `1.5M`, `2G`, with K for 1,024
---- a table of words: one of them
local cli = {}

---What a script takes.
---@class cli.spec
---@field about? string what the script does, for --help
---@field flags? cli.param[] the flags, in the order of --help
---@field args? cli.param[] the arguments, in the order in which they come
---@field examples? string[] command lines, for --help
---@field name? string the script's name in messages; its file name unless given

---A flag or an argument: `{ name, type, what it is, ... }`.
---@class cli.param
---@field default? string|number|boolean|string[] the value when it is not given
---@field short? string a letter for the flag
---@field list? boolean a flag that may be repeated, or an argument that takes all the rest: the value is a table
---@field optional? boolean an argument that may be left out
---@field required? boolean a flag that must be given
---@field min? number the least an integer or number may be
---@field max? number the most an integer or number may be

---Reads the script's words, the global `arg`, into a table.
---
---The table has a field for each flag and argument; a `-` in a name is `_` in
---the field. With `--help` or `-h` the usage is printed and the script ends with
---exit status 0. With a word that is wrong it ends with 2, and on the error
---output stands what is wrong and a line of usage:
---
---```text
---fetch.lua: unknown flag --prot (did you mean --port?)
---usage: fetch.lua [--host HOST] [--port PORT] URL [FILE]
---```
---
---An error in the declaration itself is raised.
---
---```lua
---arg = { "--port", "80", "-v", "a.txt", "b.txt" }
---local opt = cli.parse {
---  flags = {
---    { "port", "port", "where to send", default = 9999 },
---    { "verbose", "boolean", "say more", short = "v" },
---  },
---  args = { { "files", "string", "what to send", list = true } },
---}
---assert(opt.port == 80 and opt.verbose and #opt.files == 2)
---```
---@param spec cli.spec what the script takes
---@return table opt the values by name
---@see cli.scan
function cli.parse(spec) end

---Reads words as `cli.parse` does, but ends nothing.
---
---```lua
---local spec = { flags = { { "wait", "duration", "how long", default = "1.5s" } } }
---assert(cli.scan(spec, {}).wait == 1.5)
---assert(cli.scan(spec, { "--wait=200ms" }).wait == 0.2)
---local opt, err = cli.scan(spec, { "--wiat", "3" })
---assert(opt == nil and err == "unknown flag --wiat (did you mean --wait?)")
---```
---@param spec cli.spec what is taken
---@param words string[] the words
---@return table opt the values by name
---@return nil, string err what is wrong; "help" if help was asked for
function cli.scan(spec, words) end

---Answers the text of `--help`.
---
---```lua
---print(cli.usage { about = "Says hello.", args = { { "name", "string", "to whom" } } })
---```
---@param spec cli.spec what the script takes
---@return string text
function cli.usage(spec) end

---Ends the script: prints its name and a message on the error output.
---
---What the script owns is closed, and clean-up registered with `fiber.defer`
---runs.
---
---```text
---local data, err = socket.connect(opt.host, opt.port)
---if not data then cli.fail(err) end
---```
---@param message string what went wrong
---@param code? integer the exit status, 1 unless given
function cli.fail(message, code) end

return cli
