// Package stub reads stub files, <module>.d.lua, and renders them.
//
// A stub is the one place where the names, prose, parameters and examples of a
// module stand. It is also a valid definition file for the Lua language server
// (LuaLS). From it come help, completion, the parameter names in argument
// errors, docs/api and the stubs for editors. The text is read line by line;
// no Lua runs. A Set reads its stubs at the first question, not at start.
//
// # A stub
//
//	---@meta
//	--- Packs and unpacks binary data.
//	---
//	--- More prose, in Markdown.
//	local bytes = {}
//
//	--- Packs values into a string.
//	---
//	--- ```lua
//	--- assert(bytes.pack(">I2", 258) == "\1\2")
//	--- ```
//	---@param fmt string the format, as in Lua 5.3
//	---@param ... any the values
//	---@return string data the packed bytes
//	---@see bytes.unpack
//	function bytes.pack(fmt, ...) end
//
//	--- Reads what has come.
//	---@class stream
//	---@field timeout? number the limit of a call in seconds
//	local stream = {}
//
//	--- Reads at most n bytes.
//	---@async
//	---@param n? integer the most to read
//	---@return string data
//	---@return nil, string err
//	function stream:recv(n) end
//
//	stream.receive = stream.recv
//
//	return bytes
//
// # Declarations
//
// Each stands on one line, directly below its comment block.
//
//	local bytes = {}            the module table, the one that is returned
//	local stream = {}           the methods of the ---@class above it
//	function bytes.pack(f) end  a function of the module
//	function stream:recv(n) end a method of the class
//	function spawn(fn) end      a global function, or string.pack in a stock table
//	bytes.null = nil            a field; its type is the ---@type above it, or
//	                            that of the literal; a comment behind it is its prose
//	bytes.encode = bytes.pack   an alias: all but its own prose is that of the target
//	socket.dns = {}             a table in the module, before socket.dns.toip
//	return bytes                the end; a stub of globals only has none
//
// The name of a class is the one in ---@class; the local may be called
// otherwise, which a module fiber with a class fiber needs. A ---@class block
// with a blank line below it is the shape of a table, such as options: help
// lists its fields below a parameter of that type.
//
// # Comments
//
// Prose comes first and is Markdown. Its first sentence says in one line what
// the thing does and starts with a verb. Every function needs prose. A block
// fenced as lua is an example: it must run by itself and is tested, so it
// asserts. What must not run is fenced as text or sh. The prose of the module
// is the block above its table, or the first block that stands alone.
//
//	---@param name type prose      one for each parameter, in order; name? is optional
//	---@return type name prose     one for each value; without a name: type # prose
//	---@return nil, string err     begins with nil or false: what comes instead, on failure
//	---@async                      the call may wait, and other fibers then run
//	---@overload fun(x: string)    another way to call it
//	---@see name                   a related name
//	---@type type                  of a field
//	---@class name : parent        a class; it has the methods of its parents too
//	---@field name type prose      of a class
//	---@alias name type prose      a name for a type; ---| "value" prose adds values
//
// A prose line directly below a tag continues the prose of that tag; after an
// empty comment line it is prose of the declaration again. ---@meta,
// ---@diagnostic, ---@generic, ---@nodiscard and ---@operator are for the
// language server and skipped. Any other tag is an error, and so are comments
// above nothing, names declared twice and parameters that do not match.
//
// A parent class and the target of an alias may stand in another module of the
// same Set.
package stub
