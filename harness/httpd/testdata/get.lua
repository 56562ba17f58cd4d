-- GETs keys in turn. A bare handler gets the same requests.
local requests, turn = {}, 0

function init()
  for i = 1, 10000 do requests[i] = wrk.format("GET", string.format("/kv/key%08d", i)) end
end

function request()
  turn = turn % 10000 + 1
  return requests[turn]
end
