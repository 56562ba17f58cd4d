"""check HOST PORT drives a server with redis-py, made as its users make it. It
fails at the first answer that is not what Redis would give."""
import sys

import redis

client = redis.Redis(host=sys.argv[1], port=int(sys.argv[2]), decode_responses=True, client_name="check")
client.delete("a", "b", "n", "large")
assert client.ping()
assert client.set("a", "1")
assert client.set("a", "2", nx=True) is None
assert client.get("none") is None
assert client.mget("a", "none") == ["1", None]
assert client.setnx("b", "two")
assert client.strlen("b") == 3
assert client.unlink("b", "none") == 1
assert client.dbsize() == 1
assert client.config_get("databases") == {"databases": "1"}
assert client.client_getname() == "check"
assert client.info()["loading"] == 0
with client.pipeline() as p:  # MULTI and EXEC
    assert p.incr("n").set("a", "x").get("a").execute() == [1, True, "x"]
with client.pipeline() as p:
    p.watch("n")
    client.incr("n")
    p.multi()
    p.set("n", 0)
    try:
        p.execute()
        sys.exit("a changed key was not noticed")
    except redis.WatchError:
        pass
assert list(client.scan_iter()) == ["a", "n"]
try:
    client.set("a", "1", ex=10)
    sys.exit("a key that would expire was stored")
except redis.ResponseError as e:
    assert "EX is not supported" in str(e), e
large = "v" * (3 << 20)
client.set("large", large)
assert client.mget("large", "none", "large") == [large, None, large]
print("fine")
