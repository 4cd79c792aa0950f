---@meta

--- Runs Lua functions side by side: fibers, timers, and queues between them.
---
--- The fibers of a runtime take turns. One runs until it calls something that
--- may wait (`sleep`, `recv`, `q:get`, …; marked async here); then others run.
--- Between two such calls a fiber is alone, so ordinary code needs no locks. Any
--- place will do to wait in: a `pcall`, a metamethod, an iterator, the
--- comparison of `table.sort`, a coroutine.
---
--- ```lua
--- local urls = fiber.queue()
--- local function worker()
---   local n = 0
---   for url in urls:values() do n = n + #url end
---   return n
--- end
--- local a, b = spawn(worker), spawn(worker)
--- for i = 1, 10 do urls:put("http://10.0.0." .. i) end
--- urls:close()
--- local _, x = a:join()
--- local _, y = b:join()
--- assert(x + y == 151)
--- ```
---
--- An error that a fiber does not catch ends that fiber alone. It is printed
--- with its traceback, unless another fiber is waiting for it in `join` or
--- `select` and so gets it. A script ends when its main chunk and all its fibers
--- have ended; with 1 if an error was printed.
---
--- Times are seconds, with fractions. Where a timeout may be given, nil waits
--- for ever and 0 does not wait.
local fiber = {}

--- Starts a fiber that calls a function.
---
--- It starts at the caller's next wait; fibers start in the order they were
--- made. `spawn` is the same as a global.
---
--- ```lua
--- local f = fiber.spawn(function(a, b) return a + b end, 3, 4)
--- local ok, sum = f:join()
--- assert(ok and sum == 7)
--- ```
---@param fn function the function
---@param ... any its arguments
---@return fiber f
---@see fiber:join
function fiber.spawn(fn, ...) end

--- Starts a fiber that calls a function, as `fiber.spawn` does.
---
--- ```lua
--- assert(spawn(function() return "done" end):join())
--- ```
---@param fn function the function
---@param ... any its arguments
---@return fiber f
function spawn(fn, ...) end

--- Answers the fiber that calls it.
---
--- ```lua
--- local me = fiber.self()
--- assert(me == fiber.self() and me:status() == "running")
--- ```
---@return fiber f
function fiber.self() end

--- Lists the fibers that have not ended, by number.
---
--- ```lua
--- local f = fiber.spawn(function() end)
--- local all = fiber.list()
--- assert(all[#all] == f)
--- ```
---@return fiber[] fibers
function fiber.list() end

--- Registers clean-up for the end of the fiber that calls it.
---
--- It runs once, however the fiber ends: by a return, by an error, cancelled.
--- What was registered last runs first. All of it together may take a second;
--- it may wait in it.
---
--- ```lua
--- local log = {}
--- local f = fiber.spawn(function()
---   fiber.defer(function() log[#log + 1] = "first" end)
---   fiber.defer(function() log[#log + 1] = "last" end)
---   fiber.sleep(60)
--- end)
--- fiber.sleep(0)
--- f:cancel()
--- f:join()
--- assert(log[1] == "last" and log[2] == "first")
--- ```
---@param fn function called without arguments
function fiber.defer(fn) end

--- Waits a while.
---
--- `sleep(0)` lets every fiber run that could. A cancelled fiber is woken at
--- once. `sleep` is the same as a global.
---
--- ```lua
--- local before = fiber.now()
--- fiber.sleep(0.01)
--- assert(fiber.now() - before >= 0.01)
--- ```
---@async
---@param s number seconds; nothing below 0 is waited for
function fiber.sleep(s) end

--- Waits a while, as `fiber.sleep` does.
---
--- ```lua
--- sleep(0.01)
--- ```
---@async
---@param s number seconds; nothing below 0 is waited for
function sleep(s) end

--- Calls a function once, later, in a fiber of its own.
---
--- Until then the fiber's status is "timer"; cancel it and the function is never
--- called.
---
--- ```lua
--- local f = fiber.after(0.01, function(x) return x end, "late")
--- local _, x = f:join()
--- assert(x == "late")
---
--- fiber.after(60, error, "never"):cancel()
--- ```
---@param s number seconds from now
---@param fn function the function
---@param ... any its arguments
---@return fiber f
function fiber.after(s, fn, ...) end

--- Calls a function again and again, until its fiber is cancelled.
---
--- The calls are due at s, 2s, 3s, … from now. All are made in one fiber, so
--- they never overlap: those that fall due while one still runs are left out,
--- and the rhythm is kept. An error in one ends the fiber.
---
--- ```lua
--- local n = 0
--- local ticker = fiber.every(0.002, function()
---   n = n + 1
---   if n == 3 then fiber.self():cancel() end
--- end)
--- local ok, err = ticker:join()
--- assert(n == 3 and not ok and err == "cancelled")
--- ```
---@param s number seconds between two calls, above 0
---@param fn function the function
---@param ... any its arguments
---@return fiber f
function fiber.every(s, fn, ...) end

--- Answers the seconds since some moment, never running backwards.
---
--- ```lua
--- local start = fiber.now()
--- assert(fiber.now() >= start)
--- ```
---@return number seconds
function fiber.now() end

--- Makes a queue, through which fibers hand each other values.
---
--- With a capacity, `put` waits while the queue holds that many values; with 0
--- it waits until another fiber takes the value.
---
--- ```lua
--- local q = fiber.queue()
--- q:put("a")
--- q:put("b")
--- assert(q:len() == 2 and q:get() == "a")
--- ```
---@param capacity? integer how many values it holds; any number unless given
---@return queue q
function fiber.queue(capacity) end

--- Waits until one of several queues and fibers is ready, and takes what it has.
---
--- It answers the index of the one in the list, then what `q:get()` or
--- `f:join()` answers. Of several that are ready any may be taken, each with the
--- same chance. A closed and empty queue is ready and gives nil, "closed".
---
--- ```lua
--- local requests, ticks = fiber.queue(), fiber.queue()
--- local f = fiber.spawn(function() return 42 end)
---
--- local i, ok, result = fiber.select({requests, ticks, f})
--- assert(i == 3 and ok and result == 42)
---
--- ticks:put("tick")
--- local i, tick = fiber.select({requests, ticks})
--- assert(i == 2 and tick == "tick")
---
--- local i, err = fiber.select({requests, ticks}, 0.01)
--- assert(i == nil and err == "timeout")
--- ```
---@async
---@param list table the queues and fibers
---@param timeout? number seconds
---@return integer index
---@return any ... what the queue or the fiber gives
---@return nil, string err
function fiber.select(list, timeout) end

--- One line of execution. `tostring` shows its number and name: `fiber 3 (reader)`.
---@class fiber
local handle = {}

--- Waits until the fiber has ended.
---
--- A cancelled fiber gives "cancelled". The traceback tells a fiber's own error
--- from a timeout, which has none. May be called again, and by several fibers.
---
--- ```lua
--- local f = fiber.spawn(function() return "a", "b" end)
--- local ok, a, b = f:join()
--- assert(ok == true and a == "a" and b == "b")
---
--- local ok, err, traceback = fiber.spawn(error, {code = 7}):join()
--- assert(ok == nil and err.code == 7 and traceback:find("traceback"))
---
--- local f = fiber.spawn(sleep, 60)
--- local ok, err = f:join(0.01)
--- assert(ok == nil and err == "timeout")
--- f:cancel()
--- ```
---@async
---@param timeout? number seconds
---@return true ok
---@return any ... what the function returned
---@return nil, any err, string? traceback
function handle:join(timeout) end

--- Ends the fiber: what it waits for is given up, and it raises "cancelled".
---
--- A `pcall` does not stop that, clean-up of `fiber.defer` runs. The fiber has
--- not ended yet when cancel returns; `join` waits for it. A fiber that has ended
--- stays as it is.
---
--- ```lua
--- local f = fiber.spawn(function() while true do pcall(sleep, 60) end end)
--- sleep(0)
--- f:cancel()
--- local ok, err = f:join()
--- assert(not ok and err == "cancelled")
--- ```
function handle:cancel() end

--- Answers what the fiber is doing.
---
--- "running"; "waiting"; "ready", when it waits for its turn only; "timer",
--- before the call of `fiber.after`; and at the end "done", "failed" or
--- "cancelled".
---
--- ```lua
--- local f = fiber.spawn(sleep, 60)
--- assert(f:status() == "ready")
--- sleep(0)
--- assert(f:status() == "waiting")
--- f:cancel()
--- f:join()
--- assert(f:status() == "cancelled")
--- ```
---@return string status
function handle:status() end

--- Answers the fiber's number, which no other fiber of the runtime ever has.
---
--- ```lua
--- assert(fiber.self():id() >= 1)
--- ```
---@return integer id
function handle:id() end

--- Names the fiber for lists and error messages, or answers its name.
---
--- ```lua
--- local f = fiber.spawn(function() end):name("reader")
--- assert(f:name() == "reader")
--- assert(tostring(f) == "fiber " .. f:id() .. " (reader)")
--- ```
---@param s? string the new name
---@return fiber|string|nil f the fiber when it is named; its name otherwise
function handle:name(s) end

--- A row of values between fibers. `tostring` shows how many it holds: `queue 3/10`.
---@class queue
local queue = {}

--- Puts a value at the end, or hands it to the fiber that has waited longest.
---
--- Waits while the queue is full.
---
--- ```lua
--- local q = fiber.queue(1)
--- assert(q:put("a"))
--- local ok, err = q:put("b", 0)
--- assert(ok == nil and err == "timeout")
--- q:close()
--- local ok, err = q:put("c")
--- assert(ok == nil and err == "closed")
--- ```
---@async
---@param v any the value; not nil
---@param timeout? number seconds
---@return true ok
---@return nil, string err "timeout" or "closed"
function queue:put(v, timeout) end

--- Takes the first value.
---
--- Waits while the queue is empty. Those who wait are served in order. What is
--- left in a closed queue can still be taken.
---
--- ```lua
--- local q = fiber.queue()
--- fiber.after(0.01, function() q:put("late") end)
--- local v, err = q:get(0)
--- assert(v == nil and err == "timeout")
--- assert(q:get() == "late")
--- ```
---@async
---@param timeout? number seconds
---@return any v
---@return nil, string err "timeout" or "closed"
function queue:get(timeout) end

--- Closes the queue: nothing more can be put.
---
--- What it holds can still be taken. Fibers that wait in `get` or `put` get nil,
--- "closed". May be called again.
---
--- ```lua
--- local q = fiber.queue()
--- q:put("last")
--- q:close()
--- assert(q:get() == "last")
--- local v, err = q:get()
--- assert(v == nil and err == "closed")
--- ```
function queue:close() end

--- Answers how many values the queue holds.
---
--- ```lua
--- local q = fiber.queue()
--- q:put("a")
--- assert(q:len() == 1)
--- ```
---@return integer n
function queue:len() end

--- Iterates over the values, waiting for each, until the queue is closed and
--- empty.
---
--- ```lua
--- local q = fiber.queue()
--- fiber.spawn(function()
---   for i = 1, 3 do q:put(i) end
---   q:close()
--- end)
--- local sum = 0
--- for v in q:values() do sum = sum + v end
--- assert(sum == 6)
--- ```
---@async
---@return function iterator
---@return queue q
function queue:values() end

return fiber
