-- PUTs values of 100 bytes under keys in turn.
local requests, turn = {}, 0

function init()
  local value = string.rep("v", 100)
  for i = 1, 10000 do requests[i] = wrk.format("PUT", string.format("/kv/key%08d", i), nil, value) end
end

function request()
  turn = turn % 10000 + 1
  return requests[turn]
end
