package resp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// newGoRedis returns a client as its users make it, with nothing turned off.
func newGoRedis(t *testing.T, f *front, protocol int) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: f.listener.Addr().String(), Protocol: protocol})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestGoRedis(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		f := newFront(t, nil)
		c, ctx := newGoRedis(t, f, protocol), context.Background()
		check := func(what string, got, want any, err error) {
			t.Helper()
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("protocol %d: %s: %v, %v, want %v", protocol, what, got, err, want)
			}
		}
		set, err := c.Set(ctx, "a", "1", 0).Result()
		check("set", set, "OK", err)
		won, err := c.SetNX(ctx, "a", "2", 0).Result()
		check("setnx", won, false, err)
		if _, err := c.Get(ctx, "none").Result(); !errors.Is(err, redis.Nil) {
			t.Errorf("get of none: %v", err)
		}
		many, err := c.MGet(ctx, "a", "none").Result()
		check("mget", many, "[1 <nil>]", err)
		size, err := c.DBSize(ctx).Result()
		check("dbsize", size, 1, err)
		setting, err := c.ConfigGet(ctx, "databases").Result()
		check("config get", setting, "map[databases:1]", err)
		info, err := c.Command(ctx).Result()
		check("command", len(info), len(names), err)
		results, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Incr(ctx, "n")
			p.Get(ctx, "n")
			p.Del(ctx, "a")
			return nil
		})
		check("transaction", len(results), 3, err)
		check("its read", results[1].(*redis.StringCmd).Val(), "1", nil)
		keys, _, err := c.Scan(ctx, 0, "*", 100).Result()
		check("scan", keys, "[n]", err)
		if err := c.Set(ctx, "a", "1", 1e9).Err(); err == nil {
			t.Error("a key that would expire was stored")
		}
	}
}

// TestAtomic: clients count up one number in every way that reads before it writes,
// beside others that set and delete keys of the same locks. A lost update is a
// number that is too small; of SETNX exactly one wins.
func TestAtomic(t *testing.T) {
	f := newFront(t, nil)
	c, ctx := newGoRedis(t, f, 3), context.Background()
	const clients, rounds = 8, 50
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for r := range rounds {
				if err := c.Incr(ctx, "n").Err(); err != nil {
					t.Error(err)
				}
				if _, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
					p.Set(ctx, fmt.Sprint("own", i), r, 0)
					p.Incr(ctx, "n")
					p.Incr(ctx, "twin")
					return nil
				}); err != nil {
					t.Error(err)
				}
				for { // optimistic
					err := c.Watch(ctx, func(tx *redis.Tx) error {
						n, err := tx.Get(ctx, "n").Int()
						if err != nil {
							return err
						}
						_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
							p.Set(ctx, "n", strconv.Itoa(n+1), 0)
							return nil
						})
						return err
					}, "n")
					if err == nil {
						break
					}
					if !errors.Is(err, redis.TxFailedErr) {
						t.Error(err)
						return
					}
				}
				if ok, err := c.SetNX(ctx, fmt.Sprint("lock", r), i, 0).Result(); err != nil {
					t.Error(err)
				} else if ok {
					won.Add(1)
				}
				if err := c.MSet(ctx, fmt.Sprint("a", r), i, fmt.Sprint("b", r), i).Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n, err := c.Get(ctx, "n").Int()
	if err != nil || n != 3*clients*rounds || won.Load() != rounds {
		t.Errorf("%d increments, want %d, %v; %d locks won, want %d", n, 3*clients*rounds, err, won.Load(), rounds)
	}
}
