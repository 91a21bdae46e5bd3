"""Who proposes what to do in the hours after a failure, one file each."""
