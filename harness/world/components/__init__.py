"""The subject's components as processes: what platforms that run them on this machine share."""
