"""Everything that knows Asterisk: ARI events in, ARI commands out, AMI for recordings, phones. Nothing of queues."""
