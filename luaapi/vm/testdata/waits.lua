-- For anywhere_test.lua: waits while dofile runs it.
return WAIT[coroutine.running() or fiber.self()]()
