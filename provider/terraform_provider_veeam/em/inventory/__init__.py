"""What Enterprise Manager knows of: restore points, restores that are running, backup servers."""
