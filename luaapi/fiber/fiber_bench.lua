-- Two fibers that hand a value to and fro; n rounds of two hand-overs each.
function bench_ping_pong(n)
  local there, back = fiber.queue(), fiber.queue()
  local f = spawn(function() for v in there:values() do back:put(v) end end)
  for i = 1, n do
    there:put(i)
    back:get()
  end
  there:close()
  f:join()
end

-- A queue used as a buffer by one fiber.
function bench_put_get(n)
  local q = fiber.queue()
  for i = 1, n do
    q:put(i)
    q:get()
  end
end

function bench_producer_consumer(n)
  local q = fiber.queue(100)
  local f = spawn(function() for _ in q:values() do end end)
  for i = 1, n do q:put(i) end
  q:close()
  f:join()
end

function bench_spawn_join(n)
  local function nothing() end
  for _ = 1, n do spawn(nothing):join() end
end

function bench_sleep_0(n)
  for _ = 1, n do sleep(0) end
end

-- Many fibers that all pass the baton on.
function bench_sleep_0_of_100_fibers(n)
  local all = {}
  for i = 1, 100 do
    all[i] = spawn(function() for _ = 1, n / 100 do sleep(0) end end)
  end
  for i = 1, 100 do all[i]:join() end
end
