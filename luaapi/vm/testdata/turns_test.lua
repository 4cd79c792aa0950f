-- Who runs when: the baton goes round in the order of the queue.

function test_the_baton_goes_round()
  local log, all = {}, {}
  for i = 1, 10 do
    all[i] = spawn(function()
      for _ = 1, 50 do
        log[#log + 1] = i
        sleep(0)
      end
    end)
  end
  for i = 1, 10 do all[i]:join() end
  for k = 1, 500 do eq(log[k], (k - 1) % 10 + 1, "turn " .. k) end
end

function test_two_fibers_alternate()
  local log = {}
  local function run(name) for _ = 1, 100 do log[#log + 1] = name sleep(0) end end
  local a, b = spawn(run, "a"), spawn(run, "b")
  a:join()
  b:join()
  eq(table.concat(log), ("ab"):rep(100))
end

function test_handing_on_keeps_the_order()
  -- A ring of fibers hands one token round.
  local queues, log = {}, {}
  for i = 1, 20 do queues[i] = fiber.queue() end
  local all = {}
  for i = 1, 20 do
    all[i] = spawn(function()
      for _ = 1, 20 do
        local token = queues[i]:get()
        log[#log + 1] = token * 100 + i
        queues[i % 20 + 1]:put(1)
      end
    end)
  end
  queues[1]:put(1)
  for i = 1, 20 do all[i]:join() end
  for k = 1, 400 do eq(log[k], 100 + (k - 1) % 20 + 1) end
end

function test_a_fiber_that_computes_in_pieces_lets_others_in()
  local done = false
  local f = spawn(function()
    local q = fiber.queue()
    while not done do
      for _ = 1, 1000 do end
      q:put(1)
      q:get()
    end
  end)
  for _ = 1, 50 do sleep(0) end
  done = true
  assert(f:join())
end
