function test_join_gives_the_results()
  eq({spawn(function(...) return select("#", ...), ... end, 1, nil, 3):join()}, {true, 3, 1, nil, 3})
end
