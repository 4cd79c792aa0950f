---@meta

---Documentation at hand: what `netrepl doc` and docs/api show too.

---Prints the documentation of a name or of a value.
---
---A name may be that of a module, a function, a method or a kind of value; the
---last part alone will do where it means one thing. A value is a module, a
---function of one, or a value such as a socket. Without an argument all modules
---are listed. A name that is not known is answered by those it resembles.
---
---```lua
---help("bit.tohex")
---help(bit.tohex)
---help()
---```
---@param what? any the name or the value
function help(what) end
