-- Begins the stream of an epoch: empty, with the group at its acknowledged position.
-- KEYS[1] the stream, KEYS[2] its companion; ARGV: epoch, deployment, group, id, the relay's consumer.
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'deployment', ARGV[2])
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[3], ARGV[4], 'MKSTREAM')
redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[3], ARGV[5])
return 'OK'
