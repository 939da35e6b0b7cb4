"""The programs that the settings name, as the procedure tries them: started, heard, ended."""
