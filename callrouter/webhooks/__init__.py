"""Other programs are told over HTTP what happens: each event at least once, in order, at their own pace."""
