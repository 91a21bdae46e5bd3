"""Analysis by synthesis: how likely is what was observed, if this were the cause?"""
